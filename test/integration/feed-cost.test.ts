/** What an event costs on its way to readers: how many statements, however many orders a commit has. */
import { expect, test } from '@jest/globals';
import type { Sql } from '@prisma/client/runtime/client';
import { databaseLog } from '../../events/event-log';
import { publishEvents } from '../../events/publish';
import type { SqlDatabase } from '../../events/sql';
import { Notifier } from '../../platform/notifier';
import { eventBase } from '../support/event-base';
import { ids, OrderOutbox } from '../support/order-outbox';

const outbox = new OrderOutbox();

test.each([1, 50])(
  'the events of %i orders: one statement publishes them, and one reads them',
  async (orders) => {
    let statements = 0;
    const counted: SqlDatabase = {
      $queryRaw: <Rows>(query: Sql) => {
        statements += 1;
        return outbox.db.$queryRaw<Rows>(query);
      },
    };
    const log = databaseLog('/order-service', counted, new Notifier(), eventBase);
    await outbox.publishAll();
    const { at } = await outbox.readOn(undefined);
    // The first read of a process keeps the base of the events.
    await log.read(at, 500, {});
    await outbox.place(ids(orders));
    statements = 0;
    expect(await publishEvents(counted, 500)).toBe(orders);
    expect(statements).toBe(1);
    expect((await log.read(at, 500, {})).events).toHaveLength(orders);
    expect(statements).toBe(2);
  },
);
