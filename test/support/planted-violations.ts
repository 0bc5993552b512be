/** Violations of the invariants, planted past the services; by SQL as a superuser, or in Temporal. */
import { v7 as newUuid } from 'uuid';
import { orderIdsAttribute } from '../../api/orders/saga-types';
import type { Invariant } from '../../ops/audit/invariants';
import { cancelSagaWorkflowId, CREATE_ORDER_SAGA } from '../../domain/names';
import { rowsOf } from './databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from './http';
import { holdCustomer } from './outages';
import type { TestSystem } from './system';

/** What the audit must say of an order or a customer: invariant, and words; and nothing else. */
export type Expected = readonly (readonly [subject: string, ...found: (readonly [Invariant, string])[]])[];

/** @param ends what is to be undone at the end */
type Plant = (system: TestSystem, ends: (() => Promise<unknown>)[]) => Promise<Expected>;

export const PLANTS: Readonly<Record<string, Plant>> = {
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
      `UPDATE customers SET name = 'Eve', credit_limit_minor = 2000 WHERE id = $1`,
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
        ['outbox', 'its row is not what its events say: name Eve, not Ada; limitMinor 2000, not 1000'],
        ['view', 'the order history has it otherwise: name Ada, not Eve; limitMinor 1000, not 2000'],
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

  '6: an open order whose saga was terminated': async (system, ends) => {
    const customer = await newCustomer(system.url, '10.00');
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    // A worker that has a step under way hears of the end only after it.
    ends.push(() => held.release());
    const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
    await system.client.workflow.getHandle(`order-${orderId}`).terminate();
    return [
      [
        orderId,
        ['terminal', 'it is still PENDING'],
        ['saga', `PENDING, and its saga order-${orderId} does not run`],
      ],
    ];
  },

  '6: an order that is CANCELLING without its saga': async (system, ends) => {
    const { orderId, customer } = await decided(system);
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    ends.push(() => held.release());
    await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
    await eventually(async () => {
      const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
      return body['state'] === 'CANCELLING' ? true : undefined;
    });
    const saga = cancelSagaWorkflowId(orderId);
    await system.client.workflow.getHandle(saga).terminate();
    return [
      [
        orderId,
        ['terminal', 'it is still CANCELLING'],
        ['saga', `CANCELLING, and its saga ${saga} does not run`],
      ],
    ];
  },

  '6: a saga that runs for an order at its end': async (system, ends) => {
    const { orderId } = await decided(system);
    const workflowId = `order-${newUuid()}`;
    const handle = await system.client.workflow.start(CREATE_ORDER_SAGA, {
      workflowId,
      taskQueue: 'nobody polls this one',
      typedSearchAttributes: [{ key: orderIdsAttribute, value: [orderId] }],
    });
    ends.push(() => handle.terminate());
    await eventually(async () => {
      const { count } = await system.client.workflow.count(`WorkflowId = '${workflowId}'`);
      return count === 1 ? true : undefined;
    });
    return [[orderId, ['saga', `saga ${workflowId} runs, and has nothing left to do`]]];
  },

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
      `INSERT INTO customer_views (generation, id, name, credit_limit_minor, currency, reserved_minor)
       SELECT number, $1, 'Nobody', 1, 'USD', 0 FROM generations WHERE current`,
      customer,
    );
    return [
      [orderId, ['view', 'the order history has an order that does not exist']],
      [customer, ['view', 'the order history has a customer that does not exist']],
    ];
  },

  'an order beside all of these is not accused': async (system) => [[(await decided(system)).orderId]],
};

async function decided(system: TestSystem, amount = '1.00'): Promise<{ orderId: string; customer: string }> {
  const customer = await newCustomer(system.url, '10.00');
  const { body } = await placeOrder(system.url, customer, amount, WAIT);
  const orderId = String(body['orderId']);
  await followed(system, orderId);
  return { orderId, customer };
}

/** Both services' events of it: the customer's sum is right as well. */
async function followed(system: TestSystem, orderId: string): Promise<void> {
  await eventually(async () =>
    (await history(system, 'SELECT FROM received_events WHERE subject = $1', orderId)).length === 3
      ? true
      : undefined,
  );
}

const orders = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminOrderUrl, text, values);
const customers = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminCustomerUrl, text, values);
const history = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminHistoryUrl, text, values);
