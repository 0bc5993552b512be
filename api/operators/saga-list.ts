/** Lists orders with their sagas: the rows from the order database, and what is parked from Temporal. */
import type { Client } from '@temporalio/client';
import type { OrderDatabase } from '../../prisma/order/client';
import { type Page, pageOf, readCursor } from '../http/pagination';
import { Problem } from '../http/problems';
import { orderView } from '../orders/order-reads';
import { parkedOrders, type ParkedOrders, sagasOf } from './parked-orders';
import type { SagaFacts, SagasQuery, Source } from './saga-list-json';
import { readGivenUp, readRows } from './saga-rows';

export interface SagaListDependencies {
  /** For lists. */
  readonly reads: OrderDatabase;
  readonly client: Client;
}

export interface SagaList extends Page<SagaFacts> {
  readonly truncated: boolean;
  readonly unavailable: readonly Source[];
}

/** What a read knows of its request. */
export interface ReadContext {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Logs why a source is unavailable. */
  readonly warn: (error: unknown, message: string) => void;
}

/**
 * A page by the time of the orders, newest first.
 *
 * @throws Problem `invalid-request` when the cursor is not one
 * @throws Problem `temporal-unavailable` when the filter needs what is parked, and Temporal does not answer
 */
export async function listByTime(
  { reads, client }: SagaListDependencies,
  query: SagasQuery,
  { now, warn }: ReadContext,
): Promise<SagaList> {
  const { limit, cursor, orderId, attention } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rows = await readRows(reads, query, { now, after, take: limit + 1 });
  const { items: orders, nextCursor } = pageOf(rows, limit, orderView);
  const ids = orders.map((order) => order.orderId);
  const [parked, givenUp] = await Promise.all([
    stepsOf(client, orderId === undefined ? ids : [orderId], warn),
    readGivenUp(reads, ids),
  ]);
  if (!parked && attention === false) throw temporalUnavailable();
  const items = orders.map((order) => ({
    orderId: order.orderId,
    order,
    attention: parked && (parked.get(order.orderId) ?? []),
    givenUp: givenUp.get(order.orderId),
  }));
  const shown = attention === false ? items.filter((item) => item.attention?.length === 0) : items;
  return {
    items: orders.length === 0 ? withoutRow(query, parked) : shown,
    nextCursor,
    truncated: false,
    unavailable: parked ? [] : ['temporal'],
  };
}

/** Whether the query asks for what only the row of an order tells. */
export function filtersRows({ customerId, state, outcome, olderThan }: SagasQuery): boolean {
  return [customerId, state, outcome, olderThan].some((each) => each !== undefined);
}

export function temporalUnavailable(cause?: unknown): Problem {
  const detail = 'It is not known now what is parked. Send the request again later.';
  return new Problem('temporal-unavailable', detail, { cause });
}

/** An order whose first step is parked has no row. It is found by its id. */
function withoutRow(query: SagasQuery, parked: ParkedOrders['steps'] | undefined): SagaFacts[] {
  const { orderId, attention, cursor } = query;
  if (orderId === undefined || attention === false || cursor !== undefined || filtersRows(query)) return [];
  const steps = parked?.get(orderId);
  return steps ? [{ orderId, attention: steps }] : [];
}

/** @returns undefined when Temporal does not answer */
async function stepsOf(
  client: Client,
  orderIds: readonly string[],
  warn: ReadContext['warn'],
): Promise<ParkedOrders['steps'] | undefined> {
  if (orderIds.length === 0) return new Map();
  return parkedOrders(client, sagasOf(orderIds)).then(
    ({ steps }) => steps,
    (error: unknown) => {
      warn(error, 'the parked steps of orders are not read');
      return undefined;
    },
  );
}
