/** The parked sagas of orders: a step must succeed and keeps failing. Temporal is queried only while there are any. */
import type { Client } from '@temporalio/client';
import { ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import type { ParkedStep } from '../../saga/contract';
import { PARKED, parkedSagas } from '../../saga/host/parked';
import { withTimeout } from '../../saga/host/with-timeout';
import { Admission } from '../http/admission';

/** 5 s: a saga is parked after a minute at the earliest, and a count is one small request to Temporal. */
const COUNT_INTERVAL_MS = 5_000;

/** 1 s: reads of orders must not wait for an unavailable Temporal server. */
const QUERY_TIMEOUT_MS = 1_000;

/** 20 queries at once; further reads omit the parked steps, so that they do not make an outage worse. */
const QUERIES_MAX = 20;

export class ParkedSagas {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #queries = new Admission(QUERIES_MAX);

  constructor(private readonly client: Client) {}

  /** The last count, normally at most 5 s old. */
  get count(): number {
    return this.#count;
  }

  /** Starts to count periodically. */
  start(): void {
    void this.#updateCount();
    this.#timer = setInterval(() => void this.#updateCount(), COUNT_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @returns the parked steps that the order waits for; none when Temporal does not answer in time */
  async stepsOf(orderId: string): Promise<readonly ParkedStep[]> {
    if (this.#count === 0) return [];
    try {
      return await this.#queries.run(() =>
        withTimeout(this.#query(orderId), QUERY_TIMEOUT_MS, `parked steps of order ${orderId}`),
      );
    } catch {
      return [];
    }
  }

  async #query(orderId: string): Promise<ParkedStep[]> {
    const found: ParkedStep[] = [];
    const query = `${ORDER_IDS_ATTRIBUTE} = '${orderId}'`;
    for await (const { steps } of parkedSagas(this.client, query, QUERY_TIMEOUT_MS))
      found.push(...steps.filter(({ subjects }) => subjects.includes(orderId)));
    return found;
  }

  async #updateCount(): Promise<void> {
    try {
      const counted = this.client.workflow.count(PARKED);
      const { count } = await withTimeout(counted, COUNT_INTERVAL_MS, 'count of parked sagas');
      this.#count = count;
    } catch {
      // Temporal is unavailable, as /readyz reports. The last count is the best estimate.
    }
  }
}
