/** Rebuilding the order history: one rebuild at a time, all or nothing, whenever it is interrupted. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { eventually } from '../support/http';
import { HistoryView, SWAP } from '../support/history-view';

/** More than two of a rebuild's batches. */
const ORDERS = 11_000;

const view = new HistoryView((history) => {
  const orders = Array.from({ length: ORDERS }, () => history.placed(newUuid()));
  return [
    ...orders,
    history.approved(String(orders[0]?.subject)),
    ...orders.slice(0, 50).map((order) => history.reserved(order)),
  ];
});

test('a rebuild in several batches writes the same rows, and reports its progress', async () => {
  const before = await view.rows();
  expect(before).toHaveLength(ORDERS + 1);
  const reported: [bigint, bigint][] = [];
  const rebuilt = await view.rebuild((applied, all) => {
    reported.push([applied, all]);
  });
  const all = BigInt(view.events);
  expect(reported).toEqual([
    [5_000n, all],
    [10_000n, all],
    [all, all],
  ]);
  expect(await view.rows()).toEqual(before);
  expect(await view.generations()).toEqual([{ number: rebuilt.generation, current: true }]);
}, 120_000);

test('events that were set aside are counted without reading every event', async () => {
  const scans = async () => {
    const [table] = await view.admin(
      "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'received_events'",
    );
    const [index] = await view.admin(
      "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'received_events_set_aside'",
    );
    return { ofAll: Number(table?.['seq_scan']), ofSetAside: Number(index?.['idx_scan']) };
  };
  // As autovacuum does within a minute.
  await view.admin('ANALYZE received_events');
  const before = await scans();
  const READS = 200;
  const read = async () => {
    expect((await view.read()).asOf.setAside).toBe(0);
  };
  for (let count = 0; count < READS; count++) await read();
  // The server counts with a delay: what was done before may come in too, but it is less.
  const after = await eventually(async () => {
    await read();
    const now = await scans();
    return now.ofSetAside >= before.ofSetAside + READS ? now : undefined;
  });
  expect(after.ofAll - before.ofAll).toBeLessThan(READS / 2);
}, 120_000);

test('two rebuilds at once: the second is refused, and the first one succeeds', async () => {
  const before = await view.rows();
  await view.hold(SWAP.lock);
  const first = view.rebuild();
  await view.whenWaiting(SWAP.words);
  const second = view.rebuild();
  let over = false;
  const both = eventually(async () =>
    over || (await view.waiting(SWAP.words)).length > 1 ? 'waits too' : undefined,
  );
  const outcome = await Promise.race([
    second.then(
      () => 'done',
      (error: unknown) => String(error),
    ),
    both,
  ]);
  over = true;
  await both;
  await view.release();
  const { generation } = await first;
  await second.catch(() => undefined);
  expect(await view.current()).toBe(generation);
  expect(outcome).toBe(
    'RebuildUnderWay: another rebuild of the view is in progress; wait until it has completed',
  );
  expect(await view.rows()).toEqual(before);
  expect((await view.read()).orders).toHaveLength(2);
}, 120_000);

test.each([
  ['while it waits for the swap', SWAP.lock, SWAP.words],
  // The first words: pg_stat_activity cuts a long statement.
  ['in a batch', 'LOCK TABLE order_views IN SHARE MODE', 'WITH generation AS'],
])(
  'interrupted %s: the old view answers, and the next rebuild cleans up',
  async (_when, lock, words) => {
    const before = await view.rows();
    const generation = await view.current();
    await view.hold(lock);
    const cutOff = view.rebuild().catch((error: unknown) => error);
    await view.whenWaiting(words);
    await view.terminateSwap();
    await view.release();
    expect(await cutOff).toBeInstanceOf(Error);
    expect(await view.current()).toBe(generation);
    expect(await view.rows()).toEqual(before);
    const again = await view.rebuild();
    expect(await view.rows()).toEqual(before);
    expect(await view.generations()).toEqual([{ number: again.generation, current: true }]);
  },
  120_000,
);
