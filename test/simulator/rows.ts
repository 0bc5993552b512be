/** The rows of the real databases and of the models, in one form. */
import type { Client } from 'pg';
import type { CustomerDatabase } from '../../tools/simulator/customer-database';
import type { OrderDatabase } from '../../tools/simulator/order-database';
import type { Outbox } from '../../tools/simulator/outbox';

export interface AllRows {
  readonly orders: readonly unknown[];
  readonly customers: readonly unknown[];
  readonly reservations: readonly unknown[];
  readonly givenUpSteps: readonly unknown[];
  /** By subject, and each subject's in the order in which they were recorded. */
  readonly orderEvents: readonly unknown[];
  readonly creditEvents: readonly unknown[];
}

const EVENTS = `SELECT aggregate_id::text AS subject, sequence, type, data FROM outbox
  WHERE type <> 'CustomerCreated' ORDER BY aggregate_id, id`;

/** @param orderClient of the order database, and one of the customer database; both may see everything */
export async function realRows(orderClient: Client, customerClient: Client): Promise<AllRows> {
  return {
    orders: await rowsOf(
      orderClient,
      `SELECT id::text AS "orderId", saga_id AS "sagaId", customer_id::text AS "customerId",
        total_minor::integer AS "totalMinor", currency, state, cancellation_reason AS reason,
        cancellation_key::text AS "cancellationKey", version FROM orders ORDER BY id`,
    ),
    customers: await rowsOf(
      customerClient,
      `SELECT id::text AS "customerId", credit_limit_minor::integer AS "limitMinor",
        reserved_minor::integer AS "reservedMinor", currency FROM customers ORDER BY id`,
    ),
    reservations: await rowsOf(
      customerClient,
      `SELECT order_id::text AS "orderId", saga_id AS "sagaId", customer_id::text AS "customerId",
        amount_minor::integer AS "totalMinor", currency, status, reason, version
      FROM credit_reservations ORDER BY order_id`,
    ),
    givenUpSteps: await rowsOf(
      orderClient,
      `SELECT id::text, order_id::text AS "orderId", saga_id AS "sagaId", step, by, reason,
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at FROM given_up_steps ORDER BY id`,
    ),
    orderEvents: await rowsOf(orderClient, EVENTS),
    creditEvents: await rowsOf(customerClient, EVENTS),
  };
}

async function rowsOf(client: Client, query: string): Promise<readonly unknown[]> {
  const { rows } = await client.query<Record<string, unknown>>(query);
  return rows;
}

export function modelRows(orders: OrderDatabase, customers: CustomerDatabase): AllRows {
  return {
    orders: [...orders.orders.all()].sort(by(({ orderId }) => orderId)),
    customers: [...customers.customers.all()].sort(by(({ customerId }) => customerId)),
    reservations: [...customers.reservations.all()].sort(by(({ orderId }) => orderId)),
    givenUpSteps: [...orders.givenUp.table.all()].sort(by(({ id }) => id)),
    orderEvents: eventsOf(orders.outbox),
    creditEvents: eventsOf(customers.outbox),
  };
}

function eventsOf({ events }: Outbox) {
  return events
    .map(({ aggregateId: subject, sequence, type, data }) => ({ subject, sequence, type, data }))
    .sort(by(({ subject }) => subject));
}

function by<Row>(key: (row: Row) => string): (one: Row, other: Row) => number {
  return (one, other) => key(one).localeCompare(key(other));
}
