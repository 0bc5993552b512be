/** What happened during a run, as far as the checks need it. */
import type { CancellationReason } from '../../domain/order';
import type { Answer } from './activation';
import type { ModelOrder, OrderDatabase } from './order-database';
import { isPermanent } from './step-failures';
import type { GivenUp, Observed } from './observed';
import type { StepRequested } from './workflow-host';

export class Observations implements Observed {
  /** Orders whose cancellation a client has requested. */
  readonly asked = new Set<string>();
  /** Orders whose cancellation has been confirmed to a client. */
  readonly promised = new Set<string>();
  /** Orders whose cancellation a client or an operator may have requested. */
  readonly unwanted = new Set<string>();
  /** Orders whose credit check has met a bug, a conflict, or another run of its saga. */
  readonly checkFailed = new Set<string>();
  /** Sagas whose reservation was refused permanently: they fail when their orders are completed. */
  readonly refused = new Set<string>();
  /** Orders of which an operator may have given a step up. */
  readonly givenUp = new Set<string>();
  /** Orders whose sagas were terminated. */
  readonly terminated = new Set<string>();
  /** By saga that was cancelled by Temporal's Cancel, and not terminated since: the orders that it carried. */
  readonly cancelled = new Map<string, readonly string[]>();
  /** By order: the key with which it was committed that it is cancelled. */
  readonly keys = new Map<string, string>();

  readonly late = new Set<string>();
  readonly decisions: GivenUp[] = [];

  /** Decisions of sagas that were terminated, perhaps before they had recorded them. */
  readonly perhapsLost: GivenUp[] = [];

  /** A terminated saga loses its inputs. */
  terminates({ sagaId, orderIds }: Pick<GivenUp, 'sagaId'> & { readonly orderIds: readonly string[] }): void {
    this.cancelled.delete(sagaId);
    for (const orderId of orderIds) this.terminated.add(orderId);
    const all = this.decisions.splice(0);
    this.decisions.push(...all.filter((each) => each.sagaId !== sagaId));
    this.perhapsLost.push(...all.filter((each) => each.sagaId === sagaId));
  }

  /** After a commit: the client gets its confirmation when the row shows the cancellation. */
  committed({ orders }: OrderDatabase): void {
    if (this.asked.size === 0) return;
    for (const order of orders.committed()) {
      const { orderId, cancellationKey } = order;
      if (this.asked.has(orderId) && isCancelledOnRequest(order)) this.promised.add(orderId);
      if (cancellationKey !== null && !this.keys.has(orderId)) this.keys.set(orderId, cancellationKey);
    }
  }

  /** A saga gets a step's answer. */
  answered({ name, sagaId, orderIds }: StepRequested, answer: Answer): void {
    if (name === 'reserveCredit' && 'failure' in answer && isPermanent(answer.failure)) {
      this.refused.add(sagaId);
      for (const orderId of orderIds) this.checkFailed.add(orderId);
    }
    if ('failure' in answer) return;
    for (const { orderId, outcome } of answer.results)
      if (FAILED.get(name)?.includes(outcome)) this.checkFailed.add(orderId);
  }
}

/** What makes the reason CREDIT_CHECK_FAILED. */
const FAILED: ReadonlyMap<string, readonly string[]> = new Map([
  ['reserveCredit', ['released', 'conflict']],
  ['approveOrders', ['wrong-state']],
]);

export function isCancelledOnRequest({ state, reason }: Pick<ModelOrder, 'state' | 'reason'>): boolean {
  const requested: CancellationReason = 'CUSTOMER_REQUEST';
  return state === 'CANCELLING' || (state === 'CANCELLED' && reason === requested);
}
