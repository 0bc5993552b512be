/** Reads the rows of the list of sagas from the order database, each filter by an index of its own. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { CancellationReason, OrderState } from '../../domain/order';
import type { OrderDatabase } from '../../prisma/order/client';
import type { OrderView } from '../orders/order-json';
import { type OrderRow, orderView } from '../orders/order-reads';
import { type GivenUpJson, type Outcome, outcomeOf, type SagasQuery } from './saga-list-json';

/** What the row of an order decides. */
export type RowFilter = Pick<SagasQuery, 'orderId' | 'customerId' | 'state' | 'outcome' | 'olderThan'>;

export interface RowPage {
  /** Time of the request, epoch milliseconds. */
  readonly now: number;
  /** Key of the last row of the page before. */
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
  readonly take: number;
}

interface Place {
  readonly state?: OrderState;
  readonly cancellationReason?: CancellationReason;
}

/** @returns the places of the indexes with the rows that match; none when the filter contradicts itself */
export function placesOf({ state, outcome }: Pick<RowFilter, 'state' | 'outcome'>): readonly Place[] {
  if (outcome === undefined) return [state === undefined ? {} : { state }];
  if (outcome !== 'open' && outcome !== 'approved')
    return state === undefined || state === 'CANCELLED' ? [{ cancellationReason: outcome }] : [];
  return STATES[outcome]
    .filter((each) => state === undefined || each === state)
    .map((each) => ({ state: each }));
}

const STATES: Readonly<Record<'open' | 'approved', readonly OrderState[]>> = {
  open: ['PENDING', 'CANCELLING'],
  approved: ['APPROVED'],
};

/** @returns the first `take` rows, newest first. Each place is read in the order of its index, and the rows are merged. */
export async function readRows(
  reads: OrderDatabase,
  filter: RowFilter,
  { now, after, take }: RowPage,
): Promise<OrderRow[]> {
  const { orderId, customerId, olderThan } = filter;
  const conditions = [
    ...(olderThan === undefined ? [] : [{ createdAt: { lte: new Date(now - olderThan) } }]),
    ...(after
      ? [
          { createdAt: { lte: after.createdAt } },
          { OR: [{ createdAt: { lt: after.createdAt } }, { id: { lt: after.id } }] },
        ]
      : []),
  ];
  const lists = await Promise.all(
    placesOf(filter).map((place) =>
      reads.order.findMany({
        where: {
          ...place,
          ...(orderId !== undefined && { id: orderId }),
          ...(customerId !== undefined && { customerId }),
          AND: conditions,
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take,
      }),
    ),
  );
  // An order that changes its place between two reads would be there twice.
  const rows = [...new Map(lists.flat().map((row) => [row.id, row])).values()];
  return rows.sort(newestFirst).slice(0, take);
}

const newestFirst = (a: OrderRow, b: OrderRow): number =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1);

/** By id. Not with Prisma's `in`: it would prepare a statement for each number of ids. */
export async function readRowsOf(
  reads: OrderDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, OrderView>> {
  if (ids.length === 0) return new Map();
  const rows = await reads.$queryRaw<OrderRow[]>(sql`
    SELECT id, saga_id AS "sagaId", customer_id AS "customerId", total_minor AS "totalMinor", currency, state,
      cancellation_reason AS "cancellationReason", cancellation_key AS "cancellationKey", version,
      created_at AS "createdAt", updated_at AS "updatedAt"
    FROM orders WHERE id = ANY(${ids}::uuid[])`);
  return new Map(rows.map((row) => [row.id, orderView(row)]));
}

/** The same decision as of {@link readRows}, about a row that was read by its id. */
export function matches(order: OrderView, { customerId, state, outcome, olderThan }: RowFilter, now: number) {
  const has = (outcomes: Outcome) => outcomeOf(order.state, order.reason) === outcomes;
  return (
    (customerId === undefined || order.customerId === customerId) &&
    (state === undefined || order.state === state) &&
    (outcome === undefined || has(outcome)) &&
    (olderThan === undefined || Date.parse(order.createdAt) <= now - olderThan)
  );
}

interface GivenUpRow extends Omit<GivenUpJson, 'at'> {
  readonly orderId: string;
  readonly at: Date;
}

/** @returns the last step of each order that an operator gave up, by order id */
export async function readGivenUp(
  reads: OrderDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, GivenUpJson>> {
  if (ids.length === 0) return new Map();
  const rows = await reads.$queryRaw<GivenUpRow[]>(sql`
    SELECT DISTINCT ON (order_id) order_id AS "orderId", step, by, reason, at
    FROM given_up_steps WHERE order_id = ANY(${ids}::uuid[]) ORDER BY order_id, at DESC`);
  return new Map(rows.map(({ orderId, at, ...row }) => [orderId, { ...row, at: at.toISOString() }]));
}
