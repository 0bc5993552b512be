/** Queries of the view, and how current it is. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES } from '../../domain/events';
import type { StartsAfter } from '../../events/cursor';
import type { SqlDatabase } from '../../events/sql';
import type { HistoryDatabase } from '../../prisma/history/client';
import { CUSTOMER_EVENTS, ORDER_EVENTS } from './apply-events';

export interface HistoryPage {
  /** Undefined when the view does not have the customer (yet). */
  readonly customer: CustomerHistory | undefined;
  /** Newest first; one more than the limit when there are more. */
  readonly orders: readonly OrderHistory[];
  readonly asOf: AsOf;
}

interface CustomerHistory {
  readonly id: string;
  readonly creditLimitMinor: bigint;
  readonly reservedMinor: bigint;
  readonly currency: string;
}

interface OrderHistory {
  readonly id: string;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly state: string;
  readonly cancellationReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly events: readonly HistoryEvent[];
}

interface HistoryEvent {
  readonly type: string;
  readonly source: string;
  readonly sequence: number;
  readonly time: Date;
}

export interface AsOf {
  /** Number of the view's generation; each rebuild increases it. */
  readonly generation: number;
  /** Cursor of the feed; null before the first page. */
  readonly cursor: string | null;
  /** The view includes every event that any service had committed by this time; null while it is not known, or incomplete. */
  readonly followedTo: Date | null;
  /** Number of dead letters: events that could not be applied, and later events of the same subjects. */
  readonly setAside: number;
  /** The first dead letters, with their reasons. */
  readonly setAsideFirst: readonly SetAside[];
  /** A service has lost events and the recovery is in progress; until its end the view does not change. */
  readonly recovering: boolean;
  /** Whether the rows have the effects of all events up to `followedTo`; false when some were pruned before they were read. */
  readonly complete: boolean;
  /** By service: the view has not received the events up to this sequence. Empty when it has received all. */
  readonly startsAfter: StartsAfter;
}

interface SetAside {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}

/** 20: one cause usually has many, and they remain until the code is fixed. */
const SET_ASIDE_SHOWN = 20;

export interface HistoryQuery {
  readonly customerId: string;
  readonly limit: number;
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
}

/** Reads one consistent state of the view, even if a rebuild swaps it meanwhile. */
export function readHistory(db: HistoryDatabase, query: HistoryQuery): Promise<HistoryPage> {
  const { customerId, limit, after } = query;
  return db.$transaction(
    async (tx) => {
      const asOf = await readAsOf(tx);
      const { generation } = asOf;
      const row = await tx.customerView.findUnique({
        where: { generation_id: { generation, id: customerId } },
      });
      const orders = await tx.orderView.findMany({
        where: {
          generation,
          customerId,
          ...(after && {
            createdAt: { lte: after.createdAt },
            OR: [{ createdAt: { lt: after.createdAt } }, { id: { lt: after.id } }],
          }),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
      const events = await tx.receivedEvent.findMany({
        where: { subject: { in: orders.map(({ id }) => id) }, setAsideReason: null },
        orderBy: [{ time: 'asc' }, { receivedId: 'asc' }],
        select: { subject: true, type: true, source: true, sequence: true, time: true },
      });
      return {
        customer: row ?? undefined,
        orders: orders.map((order) => ({
          ...order,
          events: events.filter(({ subject }) => subject === order.id),
        })),
        asOf,
      };
    },
    { isolationLevel: 'RepeatableRead' },
  );
}

interface AsOfRow extends Omit<AsOf, 'followedTo'> {
  /** By source; null before the first page. */
  readonly completeTo: Readonly<Record<string, string>> | null;
}

export async function readAsOf(db: SqlDatabase): Promise<AsOf> {
  const [row] = await db.$queryRaw<AsOfRow[]>(sql`
    SELECT g.number AS generation, c.cursor, c.complete_to AS "completeTo",
      coalesce(c.recovery IN ('FOLLOWING_AGAIN', 'REBUILDING'), false) AS recovering,
      NOT coalesce(c.incomplete, false) AS complete, coalesce(c.starts_after, '{}') AS "startsAfter",
      coalesce((SELECT jsonb_agg(s) FROM (
        SELECT source, event_id AS id, type, set_aside_reason AS reason FROM received_events
        WHERE set_aside_reason IS NOT NULL ORDER BY received_id LIMIT ${SET_ASIDE_SHOWN}::integer
      ) s), '[]') AS "setAsideFirst",
      (SELECT count(*) FROM received_events WHERE set_aside_reason IS NOT NULL)::integer AS "setAside"
    FROM generations g LEFT JOIN checkpoints c ON true WHERE g.current`);
  if (!row) throw new TypeError('the view has no current generation');
  const { completeTo, ...asOf } = row;
  return { ...asOf, followedTo: asOf.complete ? earliest(completeTo ?? {}) : null };
}

function earliest(completeTo: Readonly<Record<string, string>>): Date | null {
  const times = EVENT_SOURCES.map((source) => Date.parse(completeTo[source] ?? ''));
  const time = new Date(Math.min(...times));
  return Number.isNaN(time.getTime()) ? null : time;
}

/** `set-aside`: the event or an earlier one of its subject is a dead letter, so a wait does not help. */
export type Inclusion = 'included' | 'set-aside' | 'not-yet';

/**
 * Reports whether the view includes this version of an order or a customer. A customer's credit is not versioned.
 *
 * @param ofCustomer the only customer whose own version and orders may be reported; undefined: those of all customers
 */
export async function inclusionOf(
  db: HistoryDatabase,
  { id, version }: { readonly id: string; readonly version: number },
  ofCustomer?: string,
): Promise<Inclusion> {
  const [row] = await db.$queryRaw<{ included: boolean; setAside: boolean }[]>(sql`
    SELECT EXISTS (SELECT FROM order_views v WHERE v.generation = g.number AND v.id = ${id}::uuid AND v.version >= ${version}::integer
          AND v.customer_id = coalesce(${ofCustomer ?? null}::uuid, v.customer_id))
        OR EXISTS (SELECT FROM customer_views v WHERE v.generation = g.number AND v.id = ${id}::uuid AND v.version >= ${version}::integer
          AND v.id = coalesce(${ofCustomer ?? null}::uuid, v.id))
        AS included,
      EXISTS (SELECT FROM received_events WHERE subject = ${id}::uuid AND sequence <= ${version}::integer
        AND type = ANY (${[...ORDER_EVENTS, ...CUSTOMER_EVENTS]}::text[]) AND set_aside_reason IS NOT NULL) AS "setAside"
    FROM generations g WHERE g.current`);
  if (row?.included) return 'included';
  return row?.setAside ? 'set-aside' : 'not-yet';
}

/** Whether the view lacks this customer and may still receive it: nothing was set aside or pruned before it was read. */
export async function awaitsCustomer(db: HistoryDatabase, id: string): Promise<boolean> {
  const [row] = await db.$queryRaw<{ awaited: boolean }[]>(sql`
    SELECT NOT EXISTS (SELECT FROM customer_views v WHERE v.generation = g.number AND v.id = ${id}::uuid)
      AND NOT EXISTS (SELECT FROM received_events WHERE subject = ${id}::uuid AND set_aside_reason IS NOT NULL)
      AND NOT EXISTS (SELECT FROM checkpoints WHERE incomplete) AS awaited
    FROM generations g WHERE g.current`);
  return row?.awaited ?? false;
}

/** Returns the cursor up to which the view has applied the feed; null before the first page, and while the view does not change. */
export async function followedCursor(db: HistoryDatabase): Promise<string | null> {
  const [row] = await db.$queryRaw<{ cursor: string | null }[]>(
    sql`SELECT cursor FROM checkpoints WHERE recovery IS NULL`,
  );
  return row?.cursor ?? null;
}
