/** A page of the order history takes effect once, and in the current view, whatever else changes the checkpoint or the view. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { HistoryView } from '../support/history-view';

const PAGE_WORDS = 'WITH generation AS';

const view = new HistoryView((history) => [history.placed(newUuid())]);

test('a page that waits for the swap of a rebuild changes the new view', async () => {
  const order = view.placed(newUuid());
  // Held up after it has locked the checkpoint.
  await view.hold('SELECT FROM generations WHERE current FOR UPDATE');
  const rebuilding = view.rebuild();
  await view.whenWaiting('UPDATE generations SET current');
  const receiving = view.receive([order]);
  await view.whenWaiting(PAGE_WORDS);
  await view.release();
  const { generation } = await rebuilding;
  await receiving;
  expect(await view.admin('SELECT generation FROM order_views WHERE id = $1', [order.subject])).toEqual([
    { generation },
  ]);
}, 60_000);

test('two processes with the same page at once: one of them applies it', async () => {
  const order = view.placed(newUuid());
  const [one, other] = view.stores();
  const after = await one.checkpoint();
  expect(await other.checkpoint()).toBe(after);
  await view.hold('SELECT FROM checkpoints FOR UPDATE');
  const page = (nextCursor: string) => ({
    items: [order, view.reserved(order)],
    nextCursor,
    completeTo: {},
    startsAfter: {},
  });
  const applying = [one.applyPage(after, page('one'), []), other.applyPage(after, page('other'), [])];
  await view.whenWaiting(PAGE_WORDS, applying.length);
  await view.release();
  const [isOne, isOther] = await Promise.all(applying);
  expect([isOne, isOther].sort()).toEqual([false, true]);
  const next = isOne ? 'one' : 'other';
  expect([await one.checkpoint(), await other.checkpoint()]).toEqual([next, next]);
  expect(
    await view.admin(
      'SELECT reserved_minor::integer AS minor FROM customer_views WHERE generation = (SELECT number FROM generations WHERE current)',
    ),
  ).toEqual([{ minor: 100 }]);
});
