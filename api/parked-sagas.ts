/** Which orders have a saga whose step must succeed and keeps failing; asked of Temporal, and only while there are any. */
import type { Client } from '@temporalio/client';
import type { ParkedStepReport } from '../domain/contracts';
import { NEEDS_ATTENTION_ATTRIBUTE, ORDER_IDS_ATTRIBUTE, PARKED_STEPS } from '../domain/names';
import { InFlight } from './in-flight';

/** 5 s: a saga is parked after a minute; one small question to the server each time. */
const LOOK_EVERY_MS = 5_000;

/** 1 s for a saga's answer: a saga that cannot answer because its worker is away must not hold up a read. */
const ANSWER_WITHIN_MS = 1_000;

/** 20 reads that ask at once: the rest are answered without, so that an outage is not made worse. */
const ASKING_MAX = 20;

const PARKED = `${NEEDS_ATTENTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'`;

export class ParkedSagas {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #asking = new InFlight(ASKING_MAX);

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

  /** @returns what the order waits for; nothing when its saga, or Temporal, does not answer in time */
  async stepsOf(orderId: string): Promise<readonly ParkedStepReport[]> {
    if (this.#count === 0) return [];
    try {
      return await this.#asking.run(() => this.#ask(orderId));
    } catch {
      return [];
    }
  }

  async #ask(orderId: string): Promise<ParkedStepReport[]> {
    const { client } = this;
    const query = `${ORDER_IDS_ATTRIBUTE} = '${orderId}' AND ${PARKED}`;
    return client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      const found: ParkedStepReport[] = [];
      for await (const { workflowId } of client.workflow.list({ query })) {
        const steps = await client.workflow.getHandle(workflowId).query<ParkedStepReport[]>(PARKED_STEPS);
        found.push(...steps.filter(({ orderIds }) => orderIds.includes(orderId)));
      }
      return found;
    });
  }

  async #look(): Promise<void> {
    const { client } = this;
    try {
      const { count } = await client.withDeadline(Date.now() + LOOK_EVERY_MS, () =>
        client.workflow.count(PARKED),
      );
      this.#count = count;
    } catch {
      // Temporal is away, which /readyz says; what was known is still the best guess.
    }
  }
}
