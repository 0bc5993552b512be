/** Invariant 5: events that do not give the rows. */
import { customers, decided, orders, type Plants } from './plant';

export const EVENTS: Plants = {
  '5: a transition without its event': async (system) => {
    const { orderId } = await decided(system);
    await orders(system, 'DELETE FROM outbox WHERE aggregate_id = $1 AND sequence = 2', orderId);
    return [
      [
        orderId,
        ['outbox', 'its row is not what its events say: state APPROVED, not PENDING; version 2, not 1'],
      ],
    ];
  },

  '5: a gap in the events, and a credit event that is gone': async (system) => {
    const { orderId } = await decided(system);
    await orders(system, 'DELETE FROM outbox WHERE aggregate_id = $1 AND sequence = 1', orderId);
    await customers(system, 'DELETE FROM outbox WHERE aggregate_id = $1', orderId);
    return [
      [
        orderId,
        ['outbox', 'there is a gap before OrderApproved (2)'],
        ['outbox', 'its reservation has no events'],
      ],
    ];
  },

  '5: rows that are not what their events say': async (system) => {
    const [refused, renamed] = [await decided(system, '11.00'), await decided(system)];
    await orders(
      system,
      `UPDATE orders SET cancellation_reason = 'CUSTOMER_REQUEST' WHERE id = $1`,
      refused.orderId,
    );
    await customers(
      system,
      `UPDATE credit_reservations SET amount_minor = 1, reason = 'UNKNOWN_CUSTOMER' WHERE order_id = $1`,
      refused.orderId,
    );
    await customers(
      system,
      `UPDATE customers SET version = 2, credit_limit_minor = 2000 WHERE id = $1`,
      renamed.customer,
    );
    return [
      [
        refused.orderId,
        ['outbox', 'its row is not what its events say: reason CUSTOMER_REQUEST, not INSUFFICIENT_CREDIT'],
        [
          'outbox',
          "its reservation's row is not what its events say: amountMinor 1, not 1100; reason UNKNOWN_CUSTOMER, not INSUFFICIENT_CREDIT",
        ],
        ['view', 'the order history has it otherwise: reason INSUFFICIENT_CREDIT, not CUSTOMER_REQUEST'],
      ],
      [
        renamed.customer,
        ['outbox', 'its row is not what its events say: limitMinor 2000, not 1000; version 2, not 1'],
        ['view', 'the order history has it otherwise: limitMinor 1000, not 2000; version 1, not 2'],
      ],
      [renamed.orderId],
    ];
  },

  '5: events that cannot have happened': async (system) => {
    const [one, two] = [await decided(system), await decided(system)];
    await orders(
      system,
      `UPDATE outbox SET data = data || '{"amountMinor": 1}' WHERE aggregate_id = $1 AND sequence = 1`,
      one.orderId,
    );
    await customers(
      system,
      `UPDATE outbox SET type = 'CreditReleased', data = data || '{"heldMinor": 7}' WHERE aggregate_id = $1`,
      two.orderId,
    );
    return [
      [
        one.orderId,
        ['identity', 'it is not what OrderCreated says that was asked for'],
        ['outbox', 'OrderApproved (2) is about another customer, amount or currency'],
      ],
      [
        two.orderId,
        ['outbox', 'CreditReleased (1) gives back 7 of 0'],
        ['outbox', "its reservation's row is not what its events say: status RESERVED, not RELEASED"],
      ],
    ];
  },

  '5: rows that are gone': async (system) => {
    const [lost, forgotten, unreserved, withoutCustomer] = [
      await decided(system),
      await decided(system, '11.00'),
      await decided(system, '11.00'),
      await decided(system, '11.00'),
    ];
    await orders(system, 'DELETE FROM orders WHERE id = ANY ($1)', [lost.orderId, forgotten.orderId]);
    await customers(system, 'DELETE FROM credit_reservations WHERE order_id = ANY ($1)', [
      forgotten.orderId,
      unreserved.orderId,
    ]);
    await customers(system, 'DELETE FROM outbox WHERE aggregate_id = $1', forgotten.orderId);
    await customers(system, 'DELETE FROM customers WHERE id = $1', withoutCustomer.customer);
    const unknown = ['view', 'the order history has an order that does not exist'] as const;
    return [
      [
        lost.orderId,
        ['reservation', 'credit is RESERVED for an order that does not exist'],
        ['outbox', 'its row is gone, and OrderApproved (2) is there'],
        unknown,
      ],
      [forgotten.orderId, ['outbox', 'its row is gone, and OrderCancelled (2) is there'], unknown],
      [unreserved.orderId, ['outbox', "its reservation's row is gone, and CreditLimitExceeded (1) is there"]],
      [
        withoutCustomer.customer,
        ['outbox', 'its row is gone, and CustomerCreated (1) is there'],
        ['view', 'the order history has a customer that does not exist'],
      ],
      [withoutCustomer.orderId],
    ];
  },

  '5: rows without events': async (system) => {
    const { orderId, customer } = await decided(system);
    await orders(system, 'DELETE FROM outbox WHERE aggregate_id = $1', orderId);
    await customers(system, 'DELETE FROM outbox WHERE aggregate_id = ANY ($1)', [orderId, customer]);
    return [
      [orderId, ['outbox', 'it has no events'], ['outbox', 'its reservation has no events']],
      [customer, ['outbox', 'it has no events']],
    ];
  },
};
