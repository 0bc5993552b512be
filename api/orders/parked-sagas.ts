/** Which orders have a saga whose step must succeed and keeps failing; asked of Temporal, and only while there are any. */
import type { Client } from '@temporalio/client';
import { ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import type { ParkedStep } from '../../saga/contract';
import { PARKED, parkedSagas } from '../../saga/host/parked';
import { withTimeout } from '../../saga/host/with-timeout';
import { Admission } from '../http/admission';

/** 5 s: a saga is parked after a minute; one small request to the server each time. */
const LOOK_EVERY_MS = 5_000;

/** 1 s for the list: a Temporal server that is away must not hold up a read of an order. */
const ANSWER_WITHIN_MS = 1_000;

/** 20 reads that ask at once: the rest are answered without, so that an outage is not made worse. */
const ASKING_MAX = 20;

export class ParkedSagas {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #asking = new Admission(ASKING_MAX);

  constructor(private readonly client: Client) {}

  /** As of the last look, at most some seconds ago. */
  get count(): number {
    return this.#count;
  }

  /** Looks from now on. */
  begin(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @returns the parked steps that the order waits for; none when Temporal does not answer in time */
  async stepsOf(orderId: string): Promise<readonly ParkedStep[]> {
    if (this.#count === 0) return [];
    try {
      return await this.#asking.run(() =>
        withTimeout(this.#ask(orderId), ANSWER_WITHIN_MS, `parked steps of order ${orderId}`),
      );
    } catch {
      return [];
    }
  }

  async #ask(orderId: string): Promise<ParkedStep[]> {
    const found: ParkedStep[] = [];
    const query = `${ORDER_IDS_ATTRIBUTE} = '${orderId}'`;
    for await (const { steps } of parkedSagas(this.client, query, ANSWER_WITHIN_MS))
      found.push(...steps.filter(({ subjects }) => subjects.includes(orderId)));
    return found;
  }

  async #look(): Promise<void> {
    try {
      const counted = this.client.workflow.count(PARKED);
      const { count } = await withTimeout(counted, LOOK_EVERY_MS, 'count of parked sagas');
      this.#count = count;
    } catch {
      // Temporal is away, which /readyz says; what was known is still the best guess.
    }
  }
}
