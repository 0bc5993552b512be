/** The order history's view on a database of its own, with the events of one customer's orders, and rebuilds of it. */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { type ConsumerStore, PoisonEvent } from '../../projections/consumer/consumer';
import type { Received } from '../../projections/consumer/feed-page';
import { sequenceOf } from '../../events/sequence';
import { readHistory } from '../../projections/order-history/read';
import { rebuildView } from '../../projections/order-history/rebuild';
import { historyStore } from '../../projections/order-history/store';
import { createHistoryDatabase, type HistoryDatabase } from '../../prisma/history/client';
import { createTestDatabases, rowsOf, type TestDatabases } from './databases';
import { BASE_URI } from './event-base';
import { eventually } from './http';
import { hold, type Lock } from './outages';

/** The lock that a rebuild waits for before it swaps the view, and the words of its statement. */
export const SWAP = { lock: 'SELECT FROM checkpoints FOR UPDATE', words: 'SELECT FROM checkpoints' };

export class HistoryView {
  readonly customerId = newUuid();
  #open:
    | { readonly databases: TestDatabases; readonly db: HistoryDatabase; readonly store: ConsumerStore }
    | undefined;
  #events = 0;
  #held: Lock | undefined;

  /**
   * Opens and closes it with the tests around it.
   *
   * @param first the events that it has taken in before the first test, beside the customer's
   */
  constructor(first: (view: HistoryView) => readonly Received[] = () => []) {
    beforeAll(async () => {
      const databases = await createTestDatabases({ history: true });
      const db = createHistoryDatabase(databases.historyUrl);
      this.#open = { databases, db, store: historyStore(db, () => undefined) };
      await this.receive([this.#customerCreated(), ...first(this)]);
    });
    afterEach(() => this.release());
    afterAll(async () => {
      await this.#open?.db.$disconnect();
      await this.#open?.databases.drop();
    });
  }

  get #opened() {
    if (!this.#open) throw new Error('it is not open');
    return this.#open;
  }

  /** How many events it has received. */
  get events(): number {
    return this.#events;
  }

  placed(orderId: string, state = 'PENDING'): Received {
    return this.#received('/order-service', 'OrderCreated', orderId, 1, { ...this.#facts(orderId), state });
  }

  approved(orderId: string): Received {
    const data = { ...this.#facts(orderId), state: 'APPROVED' };
    return this.#received('/order-service', 'OrderApproved', orderId, 2, data);
  }

  reserved({ subject }: Received): Received {
    return this.#received('/customer-service', 'CreditReserved', subject, 1, this.#facts(subject));
  }

  /** As the consumer does, with what it finds poisonous. */
  async receive(items: readonly Received[]): Promise<void> {
    const { store } = this.#opened;
    const after = await store.checkpoint();
    const page = { items, nextCursor: String(this.#events), completeTo: {}, startsAfter: {} };
    const poison: PoisonEvent[] = [];
    for (;;) {
      try {
        expect(await store.applyPage(after, page, poison)).toBe(true);
        return;
      } catch (error) {
        if (!(error instanceof PoisonEvent)) throw error;
        poison.push(error);
      }
    }
  }

  rebuild(onProgress: (applied: bigint, all: bigint) => void = () => undefined) {
    return rebuildView(this.#opened.db, onProgress);
  }

  /** @returns the customer with its newest order, as the API reads them */
  read(): ReturnType<typeof readHistory> {
    return readHistory(this.#opened.db, { customerId: this.customerId, limit: 1, after: undefined });
  }

  /** As a superuser. */
  admin(text: string, values: unknown[] = []) {
    return rowsOf(this.#opened.databases.adminHistoryUrl, text, values);
  }

  /** All that a reader can see. */
  rows() {
    return this.admin(`SELECT to_jsonb(v) - 'generation' AS row FROM order_views v
      WHERE generation = (SELECT number FROM generations WHERE current)
      UNION ALL SELECT to_jsonb(c) - 'generation' FROM customer_views c
      WHERE generation = (SELECT number FROM generations WHERE current) ORDER BY 1`);
  }

  generations() {
    return this.admin('SELECT number, current FROM generations ORDER BY number');
  }

  async current() {
    return (await this.admin('SELECT number FROM generations WHERE current'))[0]?.['number'];
  }

  /** Holds a lock until {@link release}, or the end of the test. */
  async hold(lock: string): Promise<void> {
    this.#held = await hold(this.#opened.databases.adminHistoryUrl, lock);
  }

  async release(): Promise<void> {
    await this.#held?.release();
    this.#held = undefined;
  }

  /** The transactions that wait for a lock, in the statement with these words. */
  waiting(words: string) {
    return this.admin(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
      [`%${words}%`],
    );
  }

  async whenWaiting(words: string, count = 1): Promise<void> {
    await eventually(async () => ((await this.waiting(words)).length >= count ? true : undefined));
  }

  /** As of two processes. */
  stores(): readonly [ConsumerStore, ConsumerStore] {
    const { db } = this.#opened;
    return [historyStore(db, () => undefined), historyStore(db, () => undefined)];
  }

  /** Ends the connection of the transaction that would swap. */
  async terminateSwap(): Promise<void> {
    const [ended] = await this.admin(
      `SELECT pg_terminate_backend(pid) AS done FROM pg_locks
       WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(ended).toEqual({ done: true });
  }

  #customerCreated(): Received {
    return this.#received('/customer-service', 'CustomerCreated', this.customerId, 1, {
      customerId: this.customerId,
      creditLimitMinor: 2_000_000,
      currency: 'USD',
    });
  }

  #facts(orderId: string) {
    return { orderId, customerId: this.customerId, amountMinor: 100, currency: 'USD' };
  }

  #received(
    service: string,
    type: string,
    subject: string,
    aggregateversion: number,
    data: object,
  ): Received {
    this.#events += 1;
    return {
      source: `${BASE_URI}${service}`,
      id: String(this.#events),
      type,
      subject,
      aggregateversion,
      sequence: sequenceOf(BigInt(this.#events)),
      time: new Date(1_790_000_000_000 + this.#events).toISOString(),
      dataschema: `${BASE_URI}/event-schemas/${type}/1`,
      data: { ...data },
    };
  }
}
