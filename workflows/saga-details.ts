/** The saga in words, for whoever opens it in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { OrderRequest } from '../domain/contracts';
import type { Attention } from './attention';

/** A table of the group's orders and where each is, shown as the workflow's current details. */
export class SagaDetails {
  readonly #progress = new Map<string, string>();

  constructor(
    orders: readonly OrderRequest[],
    private readonly attention: Attention,
  ) {
    for (const { orderId } of orders) this.#progress.set(orderId, 'asked for');
  }

  /** Notes where an order is now; shown with the next {@link show}. */
  note(orderId: string, progress: string): void {
    this.#progress.set(orderId, progress);
  }

  /** Writes the table; costs no history event. */
  show(): void {
    const rows = [...this.#progress].map(([orderId, progress]) => `| ${orderId} | ${progress} |`);
    setCurrentDetails(this.attention.words + ['| order | state |', '|---|---|', ...rows].join('\n'));
  }
}
