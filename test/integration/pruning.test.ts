/** Pruning the outbox: only events that were published long enough ago, from the start of the feed on. */
import { expect, test } from '@jest/globals';
import { pruneEvents } from '../../events/publish';
import { sequenceOf } from '../../events/sequence';
import { rowsOf } from '../support/databases';
import { ids, OrderOutbox } from '../support/order-outbox';

const outbox = new OrderOutbox();

test('pruning deletes events that were published long enough ago, in batches; the feed reports its later start', async () => {
  await outbox.place(ids(300));
  await outbox.publishAll();
  const start = (await outbox.log.read(undefined, 1, {})).events[0];
  const before = { ...(await outbox.log.read(undefined, 1, {})).end };
  await outbox.place(ids(10));
  expect(await pruneEvents(outbox.db, 3_600_000, 100)).toBe(0);
  await rowsOf(
    outbox.databases.adminOrderUrl,
    `UPDATE outbox SET published_at = now() - interval '2 hours' WHERE position <= 250`,
  );
  expect(await pruneEvents(outbox.db, 3_600_000, 100)).toBe(100);
  expect(await pruneEvents(outbox.db, 3_600_000, 1_000)).toBe(150);
  expect(await pruneEvents(outbox.db, 3_600_000, 1_000)).toBe(0);
  const page = await outbox.log.read(undefined, 1, {});
  expect([start?.sequence, page.events[0]?.sequence]).toEqual([sequenceOf(1n), sequenceOf(251n)]);
  await expect(outbox.log.read(before, 1, {})).rejects.toThrow(/older than the feed/);
  await outbox.publishAll();
  const [unpublished] = await rowsOf(
    outbox.databases.adminOrderUrl,
    'SELECT count(*) FROM outbox WHERE position IS NULL',
  );
  expect(unpublished?.['count']).toBe('0');
});

test('pruning stops at the first event that is kept, and skips none before it', async () => {
  await outbox.place(ids(3_000));
  await outbox.publishAll();
  const old = `UPDATE outbox SET published_at = now() - interval '2 hours'`;
  const start = `position <= (SELECT pruned_position FROM outbox_relay)`;
  await rowsOf(
    outbox.databases.adminOrderUrl,
    `${old} WHERE ${start} + 5 OR ${start} + 9 AND NOT ${start} + 7`,
  );
  const rows = await rowsOf(
    outbox.databases.adminOrderUrl,
    `WITH done AS MATERIALIZED (SELECT prune_outbox('1 hour', 100) AS pruned)
     SELECT pruned, seq_tup_read + idx_tup_fetch AS read FROM done, LATERAL (
       SELECT * FROM pg_stat_xact_user_tables WHERE relname = 'outbox' AND done.pruned >= 0) s`,
  );
  expect(rows[0]?.['pruned']).toBe(5);
  expect(Number(rows[0]?.['read'])).toBeLessThan(500);
  expect(await pruneEvents(outbox.db, 3_600_000, 100)).toBe(0);
});

test("the service's own role can prune, but not delete", async () => {
  await expect(outbox.db.$executeRaw`DELETE FROM outbox`).rejects.toThrow(/permission denied/);
});
