/** The order history differs from the services. */
import { v7 as newUuid } from 'uuid';
import { decided, history, type Plants } from './plant';

export const ORDER_HISTORY: Plants = {
  'the order history: another state, an order that it does not have, a sum': async (system) => {
    const [one, two] = [await decided(system), await decided(system)];
    await history(system, `UPDATE order_views SET state = 'PENDING' WHERE id = $1`, one.orderId);
    await history(system, 'DELETE FROM order_views WHERE id = $1', two.orderId);
    await history(system, 'UPDATE customer_views SET reserved_minor = 7 WHERE id = $1', one.customer);
    await history(system, 'DELETE FROM customer_views WHERE id = $1', two.customer);
    return [
      [one.orderId, ['view', 'the order history has it otherwise: state PENDING, not APPROVED']],
      [two.orderId, ['view', 'the order history does not have it']],
      [two.customer, ['view', 'the order history does not have it']],
      [one.customer, ['view', 'the order history has it otherwise: reservedMinor 7, not 100']],
    ];
  },

  'the order history: an order and a customer that nobody else knows': async (system) => {
    const [orderId, customer] = [newUuid(), newUuid()];
    await history(
      system,
      `INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, version, created_at, updated_at)
       SELECT number, $1, $2, 1, 'USD', 'PENDING', 1, now(), now() FROM generations WHERE current`,
      orderId,
      customer,
    );
    await history(
      system,
      `INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor)
       SELECT number, $1, 1, 'USD', 0 FROM generations WHERE current`,
      customer,
    );
    return [
      [orderId, ['view', 'the order history has an order that does not exist']],
      [customer, ['view', 'the order history has a customer that does not exist']],
    ];
  },
};
