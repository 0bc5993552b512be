/** Clients that cancel orders: `POST /orders/:id/cancel`. */
import type { Action } from './action';
import { simulatedCancellation, type Wish } from './scenario';
import { Transaction } from './model-table';
import type { World } from './world';

/** Each at any moment after its order exists. */
export function callersThatCancel(world: World): Action[] {
  return [...world.wishes].filter(({ orderId }) => isThere(world, orderId)).map(callerCancels);
}

/** Whether the order is committed. */
function isThere({ orders }: World, orderId: string): boolean {
  return orders.orders.seen(orderId, new Transaction()) !== undefined;
}

export function callerCancels(wish: Wish): Action {
  const { orderId, key } = wish;
  return {
    words: () => `a client cancels ${orderId}${key === undefined ? '' : ' by key'}`,
    happen: async (world) => {
      world.wishes.delete(wish);
      const order = world.orders.orders.seen(orderId, new Transaction());
      if (!order || order.state === 'CANCELLED') return;
      const { customerId, totalMinor, currency } = order;
      const asked = { orderId, customerId, totalMinor, currency, cancellationKey: key };
      const { observations, orders } = world;
      observations.unwanted.add(orderId);
      observations.asked.add(orderId);
      if (world.protocol.confirmsAtOnce) observations.promised.add(orderId);
      observations.committed(orders);
      await world.startCancelSaga(simulatedCancellation(asked, world.scenario));
    },
  };
}
