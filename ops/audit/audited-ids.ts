/** The audited ids of all tables, page by page: memory does not grow with their number. */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { SqlDatabase } from '../../events/sql';
import type { AuditedDatabases } from './audited-databases';

/** 1,000 orders with their events: some MB. */
const PAGE = 1_000;

/** Before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Orders with a row, an event, a reservation or its event, or a row of the order history. */
export function orderIds({ orders, customers, history }: AuditedDatabases): AsyncGenerator<string[]> {
  return pagesOf([
    idsOf(orders, (after) => sql`SELECT id, true AS counts FROM orders WHERE id > ${after}::uuid`),
    idsOf(orders, subjects('order')),
    idsOf(
      customers,
      (after) =>
        sql`SELECT order_id AS id, true AS counts FROM credit_reservations WHERE order_id > ${after}::uuid`,
    ),
    idsOf(customers, subjects('credit-reservation')),
    ...(history ? [idsOf(history, viewed(sql`order_views`))] : []),
  ]);
}

/** Customers with a row, an event, or a row of the order history. */
export function customerIds({ customers, history }: AuditedDatabases): AsyncGenerator<string[]> {
  return pagesOf([
    idsOf(customers, (after) => sql`SELECT id, true AS counts FROM customers WHERE id > ${after}::uuid`),
    idsOf(customers, subjects('customer')),
    ...(history ? [idsOf(history, viewed(sql`customer_views`))] : []),
  ]);
}

/** Returns the query of the rows after an id. */
type After = (id: string) => Sql;

/** Of all events, so that a page is a page however rare those of the kind are. */
function subjects(kind: string): After {
  return (after) => sql`
    SELECT DISTINCT ON (aggregate_id) aggregate_id AS id, aggregate_type = ${kind} AS counts
    FROM outbox WHERE aggregate_id > ${after}::uuid`;
}

function viewed(views: Sql): After {
  return (after) => sql`
    SELECT id, true AS counts FROM ${views}
    WHERE generation = (SELECT number FROM generations WHERE current) AND id > ${after}::uuid`;
}

interface Id {
  readonly id: string;
  /** Whether the row is of the audited kind. */
  readonly counts: boolean;
}

/** @returns the next ids after `after`, ascending; a full page when there may be more */
type Read = (after: string) => PromiseLike<Id[]>;

/** The limit is in the inner query: outside, the planner would sort the rest of a large table for each page. */
function idsOf(db: SqlDatabase, rows: After): Read {
  return (after) =>
    db.$queryRaw<Id[]>(sql`
      SELECT id::text, counts FROM (${rows(after)} ORDER BY id LIMIT ${PAGE}::integer) page ORDER BY page.id`);
}

async function* pagesOf(reads: readonly Read[]): AsyncGenerator<string[]> {
  for (let after = FIRST; ;) {
    const { ids, end } = await nextPage(reads, after);
    // A page may have no customer: most events of the customer service are about orders.
    if (ids.length > 0) yield ids;
    if (end === undefined) return;
    after = end;
  }
}

/** @returns `end`: the last id of the page when there may be more */
async function nextPage(
  reads: readonly Read[],
  after: string,
): Promise<{ readonly ids: string[]; readonly end: string | undefined }> {
  const pages = await Promise.all(reads.map((read) => read(after)));
  // A full page ends before the table does: ids after its last one may be missing.
  const [end] = pages.flatMap((page) => (page.length === PAGE ? page.slice(-1) : [])).sort(byId);
  const ids = pages
    .flat()
    .filter(({ id, counts }) => counts && (end === undefined || id <= end.id))
    .map(({ id }) => id);
  return { ids: [...new Set(ids)], end: end?.id };
}

function byId(one: Id, other: Id): number {
  return one.id < other.id ? -1 : 1;
}
