/** Invariants 1 to 4: orders and credit that contradict each other, or themselves. */
import { customers, decided, orders, type Plants } from './plant';

export const ORDERS_AND_CREDIT: Plants = {
  "1: a customer's sum": async (system) => {
    const { customer } = await decided(system);
    await customers(
      system,
      'UPDATE customers SET reserved_minor = reserved_minor + 1 WHERE id = $1',
      customer,
    );
    return [[customer, ['credit', 'reserved 101 is not the sum 100 of its reservations']]];
  },

  '1: more than the limit': async (system) => {
    const { customer } = await decided(system);
    await customers(system, 'ALTER TABLE customers DROP CONSTRAINT customers_reserved_within_limit');
    await customers(system, 'UPDATE customers SET credit_limit_minor = 50 WHERE id = $1', customer);
    return [
      [
        customer,
        ['credit', 'reserved 100 is not within 0 and the limit 50'],
        ['outbox', 'its row is not what its events say: limitMinor 50, not 1000'],
        ['view', 'the order history has it otherwise: limitMinor 1000, not 50'],
      ],
    ];
  },

  '2: a transition that happened twice': async (system) => {
    const { orderId } = await decided(system);
    await orders(
      system,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       SELECT aggregate_type, aggregate_id, 3, type, data FROM outbox WHERE aggregate_id = $1 AND sequence = 2`,
      orderId,
    );
    return [
      [
        orderId,
        ['terminal', 'OrderApproved happened twice'],
        ['outbox', 'OrderApproved (3) cannot follow APPROVED'],
        ['outbox', 'its row is not what its events say: version 2, not 3'],
        ['view', 'the order history has it otherwise: version 3, not 2'],
      ],
    ];
  },

  '3: APPROVED without its credit': async (system) => {
    const { orderId } = await decided(system);
    await customers(
      system,
      `UPDATE credit_reservations SET status = 'RELEASED' WHERE order_id = $1`,
      orderId,
    );
    return [
      [
        orderId,
        ['reservation', 'APPROVED, and holds no credit'],
        ['outbox', "its reservation's row is not what its events say: status RELEASED, not RESERVED"],
      ],
    ];
  },

  '3: APPROVED with other credit than its total': async (system) => {
    const { orderId } = await decided(system);
    await customers(system, `UPDATE credit_reservations SET amount_minor = 99 WHERE order_id = $1`, orderId);
    return [
      [
        orderId,
        ['reservation', 'APPROVED, and holds other credit than its total'],
        ['outbox', "its reservation's row is not what its events say: amountMinor 99, not 100"],
      ],
    ];
  },

  '3: CANCELLED with credit': async (system) => {
    const { orderId } = await decided(system, '11.00');
    const reserved = `UPDATE credit_reservations SET status = 'RESERVED', reason = NULL WHERE order_id = $1`;
    await customers(system, reserved, orderId);
    return [
      [
        orderId,
        ['reservation', 'CANCELLED, and holds credit'],
        [
          'outbox',
          "its reservation's row is not what its events say: status RESERVED, not REJECTED; reason null, not INSUFFICIENT_CREDIT",
        ],
      ],
    ];
  },

  '3: credit of an order that does not exist': async (system) => {
    const { orderId } = await decided(system);
    await orders(system, 'DELETE FROM outbox WHERE aggregate_id = $1', orderId);
    await orders(system, 'DELETE FROM orders WHERE id = $1', orderId);
    return [
      [
        orderId,
        ['reservation', 'credit is RESERVED for an order that does not exist'],
        ['view', 'the order history has an order that does not exist'],
      ],
    ];
  },

  '4: an order that is not what was asked for': async (system) => {
    const { orderId } = await decided(system, '11.00');
    await orders(system, 'UPDATE orders SET total_minor = 99 WHERE id = $1', orderId);
    return [
      [
        orderId,
        ['identity', 'it is not what OrderCreated says that was asked for'],
        ['outbox', 'its row is not what its events say: totalMinor 99, not 1100'],
        ['view', 'the order history has it otherwise: totalMinor 1100, not 99'],
      ],
    ];
  },
};
