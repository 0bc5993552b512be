/** What the view answers, and how far it has followed. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES } from '../../domain/events';
import type { HistoryDatabase } from '../../prisma/history/client';
import { ORDER_EVENTS } from './apply-events';

export interface HistoryPage {
  /** Undefined when the view knows no such customer (yet). */
  readonly customer: CustomerHistory | undefined;
  /** Newest first; one more than asked for when there are more. */
  readonly orders: readonly OrderHistory[];
  readonly asOf: AsOf;
}

interface CustomerHistory {
  readonly id: string;
  readonly name: string;
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
  /** Of the view: it grows when the view is rebuilt. */
  readonly generation: number;
  /** Of the feed; null before the first page. */
  readonly cursor: string | null;
  /** Everything that had been committed by then, in every service, is in; null until that is known. */
  readonly followedTo: Date | null;
  /** Events that could not be understood, and those that wait for them. */
  readonly setAside: number;
  /** The first of those, with the reason. */
  readonly setAsideFirst: readonly SetAside[];
  /** It follows from the start, because a service has lost events; until then it answers as it was. */
  readonly recovering: boolean;
}

interface SetAside {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}

/** 20 of them: they are there until the code is mended, and one cause has many. */
const SET_ASIDE_SHOWN = 20;

export interface HistoryQuery {
  readonly customerId: string;
  readonly limit: number;
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
}

/** One state of the view, though it may be swapped meanwhile. */
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

export async function readAsOf(db: Pick<HistoryDatabase, '$queryRaw'>): Promise<AsOf> {
  const [row] = await db.$queryRaw<AsOfRow[]>(sql`
    SELECT g.number AS generation, c.cursor, c.complete_to AS "completeTo",
      c.recovery IS NOT NULL AS recovering,
      coalesce((SELECT jsonb_agg(s) FROM (
        SELECT source, event_id AS id, type, set_aside_reason AS reason FROM received_events
        WHERE set_aside_reason IS NOT NULL ORDER BY received_id LIMIT ${SET_ASIDE_SHOWN}::integer
      ) s), '[]') AS "setAsideFirst",
      (SELECT count(*) FROM received_events WHERE set_aside_reason IS NOT NULL)::integer AS "setAside"
    FROM generations g LEFT JOIN checkpoints c ON true WHERE g.current`);
  if (!row) throw new TypeError('the view has no current generation');
  const { completeTo, ...asOf } = row;
  return { ...asOf, followedTo: earliest(completeTo ?? {}) };
}

function earliest(completeTo: Readonly<Record<string, string>>): Date | null {
  const times = EVENT_SOURCES.map((source) => Date.parse(completeTo[source] ?? ''));
  const time = new Date(Math.min(...times));
  return Number.isNaN(time.getTime()) ? null : time;
}

/** `set-aside`: it, or what came before it, has no effect, and waiting does not change that. */
export type Inclusion = 'included' | 'set-aside' | 'not-yet';

/** Whether the view has an order's, or a customer's, state of this version. */
export async function inclusionOf(db: HistoryDatabase, id: string, version: number): Promise<Inclusion> {
  const [row] = await db.$queryRaw<{ included: boolean; setAside: boolean }[]>(sql`
    SELECT coalesce(bool_or(sequence >= ${version}::integer AND set_aside_reason IS NULL), false) AS included,
      coalesce(bool_or(sequence <= ${version}::integer AND set_aside_reason IS NOT NULL), false) AS "setAside"
    FROM received_events WHERE subject = ${id}::uuid AND type = ANY (${[...ORDER_EVENTS, 'CustomerCreated']}::text[])`);
  if (row?.included) return 'included';
  return row?.setAside ? 'set-aside' : 'not-yet';
}

/** How far the feed was followed; null before the first page. */
export async function followedCursor(db: HistoryDatabase): Promise<string | null> {
  const [row] = await db.$queryRaw<{ cursor: string | null }[]>(sql`SELECT cursor FROM checkpoints`);
  return row?.cursor ?? null;
}
