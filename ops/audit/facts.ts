/** Reads the facts about some orders or customers from the databases. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { SqlDatabase } from '../../events/sql';
import type { AuditedDatabases } from './audited-databases';
import type {
  AggregateEvents,
  CustomerFacts,
  CustomerRow,
  OrderFacts,
  OrderRow,
  OrderView,
  RecordedEvent,
  ReservationRow,
} from './rows';
import { customersWithNewEvents, type Followed, followedTo } from './view-progress';

export async function orderFacts(
  { orders, customers, history }: AuditedDatabases,
  ids: readonly string[],
): Promise<OrderFacts[]> {
  const list = [...ids];
  const { followed, views } = await viewed(history, list, orderViews);
  // The events are read after the rows, so that they are never older than the rows.
  const [rows, reservations] = await Promise.all([
    orders.$queryRaw<(OrderRow & Times)[]>(sql`
      SELECT id::text, saga_id AS "sagaId", customer_id::text AS "customerId", total_minor AS "totalMinor", currency,
        state, cancellation_reason AS reason, version, created_at AS first, updated_at AS last
      FROM orders WHERE id = ANY (${list}::uuid[])`),
    customers.$queryRaw<(ReservationRow & Times)[]>(sql`
      SELECT order_id::text AS "orderId", saga_id AS "sagaId", customer_id::text AS "customerId",
        amount_minor AS "amountMinor", currency, status, reason, version, created_at AS first, updated_at AS last
      FROM credit_reservations WHERE order_id = ANY (${list}::uuid[])`),
  ]);
  const row = new Map(rows.map((each) => [each.id, each]));
  const reservation = new Map(reservations.map((each) => [each.orderId, each]));
  const [orderEvents, creditEvents] = await Promise.all([
    eventsBySubject(orders, list, row),
    eventsBySubject(customers, list, reservation),
  ]);
  return list.map((id) => ({
    id,
    order: row.get(id),
    reservation: reservation.get(id),
    orderEvents: orderEvents.of(id),
    creditEvents: creditEvents.of(id),
    view: views.get(id),
    viewBehind: followed !== undefined && orderEvents.hasAfter(id, followed['/order-service']),
  }));
}

/** Times of the first and the last event of a row. */
interface Times {
  readonly first: Date;
  readonly last: Date;
}

/** The position is null until the event is published. */
type PositionedEvent = RecordedEvent & { readonly position: bigint | null };

interface EventsBySubject {
  of(subject: string): AggregateEvents;
  /** Whether the subject has events after the position, or unpublished ones. */
  hasAfter(subject: string, position: bigint): boolean;
}

/** @param rows times of the subjects' rows; a subject without a row has no pruned events */
async function eventsBySubject(
  db: SqlDatabase,
  subjects: string[],
  rows: ReadonlyMap<string, Times>,
): Promise<EventsBySubject> {
  const events = await db.$queryRaw<PositionedEvent[]>(sql`
    SELECT id::text, aggregate_id::text AS subject, sequence, type, data, position FROM outbox
    WHERE aggregate_id = ANY (${subjects}::uuid[]) ORDER BY aggregate_id, sequence`);
  // Read after the events, so that it covers everything that was pruned before they were read.
  const prunedTime = await prunedUntil(db);
  const bySubject = new Map<string, PositionedEvent[]>();
  for (const event of events) {
    const before = bySubject.get(event.subject);
    if (before) before.push(event);
    else bySubject.set(event.subject, [event]);
  }
  const of = (subject: string) => bySubject.get(subject) ?? [];
  return {
    of: (subject) => ({ events: of(subject), pruned: prunedOf(rows.get(subject), prunedTime) }),
    hasAfter: (subject, after) => of(subject).some(({ position }) => position === null || position > after),
  };
}

function prunedOf(times: Times | undefined, until: number): AggregateEvents['pruned'] {
  if (!times || times.first.getTime() > until) return 'none';
  return times.last.getTime() > until ? 'the first' : 'all';
}

/**
 * Pruning deletes events in the order of publication, so an event that occurred after the publication of the oldest kept
 * event is not pruned.
 *
 * @returns milliseconds since the epoch: events that occurred later are not pruned
 */
async function prunedUntil(db: SqlDatabase): Promise<number> {
  const [row] = await db.$queryRaw<{ pruned: boolean; oldest: Date | null }[]>(sql`
    SELECT pruned_position > 0 AS pruned, (SELECT published_at FROM outbox WHERE position > pruned_position
      ORDER BY position LIMIT 1) AS oldest FROM outbox_relay`);
  return row?.pruned ? (row.oldest?.getTime() ?? Infinity) : -Infinity;
}

type WithId<Row> = Row & { readonly id: string };

/**
 * Reads the order history. To be called before the services are read: every event that they have and the order history
 * lacks, or applies later, is then after `followed`.
 */
async function viewed<View>(
  history: SqlDatabase | undefined,
  ids: string[],
  read: (history: SqlDatabase, ids: string[]) => PromiseLike<WithId<View>[]>,
): Promise<{ readonly followed: Followed | undefined; readonly views: ReadonlyMap<string, View> }> {
  if (!history) return { followed: undefined, views: new Map() };
  const followed = await followedTo(history);
  const views = await read(history, ids);
  return { followed, views: new Map(views.map((view) => [view.id, view])) };
}

function orderViews(history: SqlDatabase, ids: string[]): PromiseLike<OrderView[]> {
  return history.$queryRaw<OrderView[]>(sql`
    SELECT id::text, customer_id::text AS "customerId", total_minor AS "totalMinor", currency, state,
      cancellation_reason AS reason, version
    FROM order_views WHERE id = ANY (${ids}::uuid[])
      AND generation = (SELECT number FROM generations WHERE current)`);
}

/** One statement reads a row and the sum of its reservations, so both are of the same snapshot. */
export async function customerFacts(
  { customers, history }: AuditedDatabases,
  ids: readonly string[],
): Promise<CustomerFacts[]> {
  const list = [...ids];
  const { followed, views } = await viewed(history, list, customerViews);
  const rows = await customers.$queryRaw<WithId<CustomerRow & Times & { readonly heldMinor: bigint }>[]>(sql`
    SELECT c.id::text, c.version, c.credit_limit_minor AS "limitMinor", c.currency, c.reserved_minor AS "reservedMinor",
      c.created_at AS first, coalesce(c.personal_data_erased_at, c.created_at) AS last,
      (SELECT coalesce(sum(r.amount_minor), 0)::bigint FROM credit_reservations r
       WHERE r.customer_id = c.id AND r.status = 'RESERVED') AS "heldMinor"
    FROM customers c WHERE c.id = ANY (${list}::uuid[])`);
  const customer = new Map(rows.map((each) => [each.id, each]));
  const events = await eventsBySubject(customers, list, customer);
  const hasNewEvents = followed && (await customersWithNewEvents(customers, followed['/customer-service']));
  return list.map((id) => ({
    id,
    customer: customer.get(id),
    customerEvents: events.of(id),
    heldMinor: customer.get(id)?.heldMinor ?? 0n,
    view: views.get(id),
    viewBehind: hasNewEvents?.(id) ?? false,
  }));
}

function customerViews(history: SqlDatabase, ids: string[]): PromiseLike<WithId<CustomerRow>[]> {
  return history.$queryRaw<WithId<CustomerRow>[]>(sql`
    SELECT id::text, version, credit_limit_minor AS "limitMinor", currency, reserved_minor AS "reservedMinor"
    FROM customer_views WHERE id = ANY (${ids}::uuid[])
      AND generation = (SELECT number FROM generations WHERE current)`);
}

/** @returns number of orders, for the progress bar */
export async function orderCount({ orders }: AuditedDatabases): Promise<number> {
  const [row] = await orders.$queryRaw<{ count: bigint }[]>(sql`SELECT count(*) AS count FROM orders`);
  return Number(row?.count ?? 0);
}
