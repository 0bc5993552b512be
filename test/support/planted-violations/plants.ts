/** Violations of the invariants, planted past the services: by SQL as a superuser, or in Temporal. */
import { EVENTS } from './events';
import { ORDER_HISTORY } from './order-history';
import { ORDERS_AND_CREDIT } from './orders-and-credit';
import { decided, type Plants } from './plant';
import { SAGAS } from './sagas';

export const PLANTS: Plants = {
  ...ORDERS_AND_CREDIT,
  ...EVENTS,
  ...SAGAS,
  ...ORDER_HISTORY,
  'an order beside all of these is not accused': async (system) => [[(await decided(system)).orderId]],
};
