/** The order database's outbox as its relay fills it, and its feed as a consumer reads it. */
import { afterAll, beforeAll } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import type { CloudEvent } from '../../events/cloud-event';
import { databaseLog, type EventLog } from '../../events/event-log';
import { publishEvents } from '../../events/publish';
import { Notifier } from '../../platform/notifier';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { eventBase } from './event-base';
import { createTestDatabases, type TestDatabases } from './databases';

/** Where a page of the feed ended. */
type End = Awaited<ReturnType<EventLog['read']>>['end'];

export class OrderOutbox {
  #open:
    { readonly databases: TestDatabases; readonly db: OrderDatabase; readonly log: EventLog } | undefined;

  /** Opens and closes it with the tests around it. */
  constructor() {
    beforeAll(async () => {
      const databases = await createTestDatabases();
      const db = createOrderDatabase(databases.orderUrl);
      this.#open = { databases, db, log: databaseLog('/order-service', db, new Notifier(), eventBase) };
    });
    afterAll(async () => {
      await this.#open?.db.$disconnect();
      await this.#open?.databases.drop();
    });
  }

  get #opened() {
    if (!this.#open) throw new Error('it is not open');
    return this.#open;
  }

  get databases(): TestDatabases {
    return this.#opened.databases;
  }

  get db(): OrderDatabase {
    return this.#opened.db;
  }

  get log(): EventLog {
    return this.#opened.log;
  }

  get steps() {
    return createOrderActivities({ db: this.db });
  }

  /** An OrderCreated each. */
  async place(orderIds: readonly string[]): Promise<void> {
    const items = orderIds.map((orderId) => ({
      orderId,
      customerId: newUuid(),
      totalMinor: 100,
      currency: 'USD',
    }));
    await this.steps.createPendingOrders({ sagaId: 'saga', items });
  }

  async publishAll(): Promise<void> {
    while ((await publishEvents(this.db, 100)) !== 0);
  }

  /** All events after `after`, as a consumer reads them: page by page, each from where the page before ended. */
  async readOn(after: End | undefined): Promise<{ events: CloudEvent[]; at: End }> {
    const events: CloudEvent[] = [];
    let at = after;
    for (;;) {
      const page = await this.log.read(at, 70, {});
      events.push(...page.events);
      at = page.end;
      if (page.events.length === 0) return { events, at };
    }
  }
}

export const ids = (count: number): string[] => Array.from({ length: count }, () => newUuid());
