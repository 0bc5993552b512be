/** The part of the overview from the order database. Each statement reads a bounded number of rows, by an index. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { CANCELLATION_REASONS } from '../../domain/order';
import type { OrderDatabase } from '../../prisma/order/client';
import type { DecisionOverview, OrdersOverview, OutcomeCounts } from './overview-json';

/** 10,000 open orders: a larger number says no more, and counting them takes milliseconds. */
const OPEN_MAX = 10_000;

/** 100,000 orders of each outcome: counted in the index in some 10 ms. */
const OUTCOME_MAX = 100_000;

/** 1,000 orders: enough for a 99th percentile of ten orders. */
export const DECISIONS = 1_000;

/** 1,000 events of each type: with more in a minute, their own time gives the rate. */
const RATE_EVENTS = 1_000;

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** A decided order of these reasons was refused by a saga. A cancellation at a customer's request decides nothing. */
const REFUSALS = CANCELLATION_REASONS.filter((reason) => reason !== 'CUSTOMER_REQUEST');

export async function readOpen(reads: OrderDatabase): Promise<OrdersOverview['openByState']> {
  const rows = await reads.$queryRaw<{ state: 'PENDING' | 'CANCELLING'; count: number }[]>(sql`
    SELECT s.state, (SELECT count(*)::integer FROM
      (SELECT FROM orders o WHERE o.state = s.state LIMIT ${OPEN_MAX}::integer) c) AS count
    FROM unnest(ARRAY['PENDING', 'CANCELLING']) AS s (state)`);
  const counts = new Map(rows.map(({ state, count }) => [state, count]));
  return { PENDING: counts.get('PENDING') ?? 0, CANCELLING: counts.get('CANCELLING') ?? 0 };
}

interface OutcomeRow {
  readonly seconds: number;
  readonly outcome: keyof OutcomeCounts;
  readonly count: number;
}

export async function readOutcomes(reads: OrderDatabase): Promise<OrdersOverview['outcomes']> {
  const rows = await reads.$queryRaw<OutcomeRow[]>(sql`
    WITH windows AS (SELECT unnest(ARRAY[${HOUR_S}, ${DAY_S}]::integer[]) AS seconds)
    SELECT w.seconds, 'approved' AS outcome, (SELECT count(*)::integer FROM (SELECT FROM orders o
      WHERE o.state = 'APPROVED' AND o.created_at >= now() - w.seconds * interval '1 second'
      LIMIT ${OUTCOME_MAX}::integer) c) AS count
    FROM windows w
    UNION ALL
    SELECT w.seconds, r.reason, (SELECT count(*)::integer FROM (SELECT FROM orders o
      WHERE o.cancellation_reason = r.reason AND o.created_at >= now() - w.seconds * interval '1 second'
      LIMIT ${OUTCOME_MAX}::integer) c)
    FROM windows w CROSS JOIN unnest(${[...CANCELLATION_REASONS]}::text[]) AS r (reason)`);
  const since = (window: number) => {
    const counts = new Map(
      rows.filter(({ seconds }) => seconds === window).map(({ outcome, count }) => [outcome, count]),
    );
    const of = (outcome: keyof OutcomeCounts) => counts.get(outcome) ?? 0;
    return {
      approved: of('approved'),
      INSUFFICIENT_CREDIT: of('INSUFFICIENT_CREDIT'),
      UNKNOWN_CUSTOMER: of('UNKNOWN_CUSTOMER'),
      CURRENCY_MISMATCH: of('CURRENCY_MISMATCH'),
      CREDIT_CHECK_TIMEOUT: of('CREDIT_CHECK_TIMEOUT'),
      CREDIT_CHECK_FAILED: of('CREDIT_CHECK_FAILED'),
      CUSTOMER_REQUEST: of('CUSTOMER_REQUEST'),
    };
  };
  return { lastHour: since(HOUR_S), lastDay: since(DAY_S) };
}

/** The time from the row's commit as PENDING to its decision. An approved order has not changed since. */
export async function readDecision(reads: OrderDatabase): Promise<DecisionOverview> {
  const [row] = await reads.$queryRaw<DecisionOverview[]>(sql`
    SELECT count(*)::integer AS orders,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY ms)::double precision AS "p50Ms",
      percentile_disc(0.99) WITHIN GROUP (ORDER BY ms)::double precision AS "p99Ms"
    FROM (
      SELECT extract(epoch FROM updated_at - created_at) * 1000 AS ms FROM (
        (SELECT created_at, updated_at FROM orders WHERE state = 'APPROVED'
          ORDER BY created_at DESC, id DESC LIMIT ${DECISIONS}::integer)
        UNION ALL
        (SELECT n.created_at, n.updated_at FROM unnest(${REFUSALS}::text[]) AS r (reason), LATERAL (
          SELECT o.created_at, o.updated_at FROM orders o WHERE o.cancellation_reason = r.reason
          ORDER BY o.created_at DESC, o.id DESC LIMIT ${DECISIONS}::integer) n)
      ) each ORDER BY created_at DESC LIMIT ${DECISIONS}::integer
    ) newest`);
  return row ?? { orders: 0, p50Ms: null, p99Ms: null };
}

export interface RecentEvents {
  /** Of the type, at most 1,000. */
  readonly events: number;
  /** Those of the last minute that decided an order. */
  readonly decisions: number;
  /** Age of the oldest of `events`. */
  readonly spanSeconds: number;
}

/**
 * From the events, because no index has the time of the decision. First the positions, from the index of the types alone:
 * with the other columns, Postgres may look for a rare type among all events.
 */
export async function readDecidedPerMinute(reads: OrderDatabase): Promise<number> {
  const rows = await reads.$queryRaw<RecentEvents[]>(sql`
    SELECT count(*)::integer AS events,
      (count(*) FILTER (WHERE sequence = 2 AND occurred_at > now() - ${MINUTE_S}::integer * interval '1 second'))::integer
        AS decisions,
      greatest(extract(epoch FROM now() - min(occurred_at)), 0)::double precision AS "spanSeconds"
    FROM outbox WHERE position = ANY (ARRAY (
      SELECT p.position FROM unnest(ARRAY['OrderApproved', 'OrderCancelled']) AS t (type) CROSS JOIN LATERAL (
        SELECT o.position FROM outbox o WHERE o.type = t.type AND o.position IS NOT NULL
        ORDER BY o.position DESC LIMIT ${RATE_EVENTS}::integer) p))
    GROUP BY type`);
  return rows.reduce((sum, each) => sum + perMinute(each), 0);
}

/** When all the events that were read are of the last minute, there are more: their own time gives the rate. */
export function perMinute({ events, decisions, spanSeconds }: RecentEvents): number {
  if (events < RATE_EVENTS || spanSeconds >= MINUTE_S) return decisions;
  // At least a second: the times are those of transactions, which many events share.
  return Math.round((decisions * MINUTE_S) / Math.max(spanSeconds, 1));
}
