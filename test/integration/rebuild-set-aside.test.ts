/** A rebuild applies events that were set aside when the code understands them now. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { BASE_URI } from '../support/event-base';
import { HistoryView, SWAP } from '../support/history-view';

const view = new HistoryView((history) => [history.placed(newUuid())]);

test('an event that was set aside and is now understood has no effect before the swap, and its full effect after it', async () => {
  const [fixed, stuck] = [newUuid(), newUuid()];
  const poisonous = (orderId: string) => view.placed(orderId, 'EATEN');
  await view.receive([poisonous(fixed), view.approved(fixed), poisonous(stuck), view.approved(stuck)]);
  const before = await view.rows();
  const seen = async () => {
    const { asOf, orders } = await view.read();
    return [asOf.setAside, orders[0]?.id === fixed, orders[0]?.events.length];
  };
  expect(await seen()).toEqual([4, false, 1]);
  // As if the code had been fixed so that it understands the events of one of them.
  await view.admin(
    `UPDATE received_events SET data = jsonb_set(data, '{state}', '"PENDING"') WHERE subject = $1 AND sequence = 1`,
    [fixed],
  );

  await view.hold(SWAP.lock);
  const cutOff = view.rebuild().catch((error: unknown) => error);
  await view.whenWaiting(SWAP.words);
  expect(await seen()).toEqual([4, false, 1]);
  await view.terminateSwap();
  await view.release();
  expect(await cutOff).toBeInstanceOf(Error);
  expect(await seen()).toEqual([4, false, 1]);
  expect(await view.rows()).toEqual(before);

  await view.rebuild();
  expect(await seen()).toEqual([2, true, 2]);
  expect(await view.admin('SELECT state, version FROM order_views WHERE id = $1', [fixed])).toEqual([
    { state: 'APPROVED', version: 2 },
  ]);
  expect(await view.admin('SELECT FROM order_views WHERE id = $1', [stuck])).toEqual([]);
}, 120_000);

test('an event of an unknown version is set aside and reported; an event without a version counts as the first version', async () => {
  const [later, old] = [newUuid(), newUuid()];
  await view.receive([
    { ...view.placed(later), dataschema: `${BASE_URI}/event-schemas/OrderCreated/2` },
    view.placed(old),
  ]);
  const reason = async () =>
    await view.admin('SELECT set_aside_reason AS reason FROM received_events WHERE subject = $1', [later]);
  expect(await reason()).toEqual([{ reason: `${BASE_URI}/event-schemas/OrderCreated/2 is not known` }]);
  await view.admin(
    "UPDATE received_events SET dataschema = NULL, set_aside_reason = 'bad' WHERE subject = $1",
    [old],
  );
  await view.rebuild();
  expect(await reason()).toEqual([{ reason: `${BASE_URI}/event-schemas/OrderCreated/2 is not known` }]);
  expect(await view.admin('SELECT id FROM order_views WHERE id IN ($1, $2)', [later, old])).toEqual([
    { id: old },
  ]);
}, 120_000);
