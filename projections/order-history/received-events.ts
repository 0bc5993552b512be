/** The events that the view was built from, each stored once; an event without effect is stored with the reason. */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import { PoisonEvent } from '../consumer/consumer';
import type { Received } from '../consumer/feed-page';
import { aggregateOf, whyPoison } from './poison';

/** An event after a dead letter of its subject becomes a dead letter too, so that events are never applied out of order. */
const AFTER_A_DEAD_LETTER = 'an earlier event of the same subject was set aside';

/**
 * Returns for each event of a page why it becomes a dead letter, or null. An event after a dead letter of an earlier page is
 * found by {@link storeReceived}.
 *
 * @param poison events of the page that become dead letters by themselves
 * @throws PoisonEvent for the first other one that cannot be applied
 */
export function reasonsOf(
  events: readonly Received[],
  poison: readonly PoisonEvent[],
): readonly (string | null)[] {
  const reasons = new Map(poison.map(({ event, reason }) => [event, reason]));
  const firsts = new Map<string, number>();
  for (const { event } of poison) {
    const key = aggregateOf(event);
    firsts.set(key, Math.min(event.aggregateversion, firsts.get(key) ?? Infinity));
  }
  return events.map((event) => {
    const own = reasons.get(event);
    if (own !== undefined) return own;
    const reason = whyPoison(event);
    if (reason !== undefined) throw new PoisonEvent(event, reason);
    const first = firsts.size > 0 ? firsts.get(aggregateOf(event)) : undefined;
    return first !== undefined && event.aggregateversion > first ? AFTER_A_DEAD_LETTER : null;
  });
}

/** Stores the events that are not stored yet. */
export const UNLESS_STORED = sql`ON CONFLICT (source, event_id) DO NOTHING`;

/** Fails when one is stored already. It takes a third less: the server checks nothing ahead of the insertion. */
export const NEVER_STORED = sql``;

/**
 * Returns the INSERT of the events, in the order of the page.
 *
 * @param pass a query of one row, or none: the number of the pass over the feed, as `following`
 * @param reasons for each event why it becomes a dead letter, or null
 * @param stored {@link UNLESS_STORED} or {@link NEVER_STORED}
 */
export function storeReceived(
  pass: Sql,
  events: readonly Received[],
  reasons: readonly (string | null)[],
  stored: Sql,
): Sql {
  // One document: the driver would escape each element of ten arrays by itself.
  const rows = events.map(
    ({ source, id, type, subject, aggregateversion, time, dataschema, data, sequence }, index) => ({
      source,
      event_id: id,
      type,
      subject,
      sequence: aggregateversion,
      time,
      dataschema,
      data,
      position: sequence,
      reason: reasons[index],
    }),
  );
  return sql`
    INSERT INTO received_events (source, event_id, type, subject, sequence, time, dataschema, data, position,
      set_aside_reason, following)
    SELECT a.source, a.event_id, a.type, a.subject, a.sequence, a.time, a.dataschema, a.data, a.position,
      coalesce(a.reason, CASE WHEN a.sequence > dead.first THEN ${AFTER_A_DEAD_LETTER} END), pass.following
    FROM (${pass}) pass CROSS JOIN ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS (source text,
      event_id text, type text, subject uuid, sequence integer, time timestamptz, dataschema text, data jsonb, position bigint,
      reason text)) WITH ORDINALITY a (source, event_id, type, subject, sequence, time, dataschema, data, position, reason, nth)
    LEFT JOIN (
      SELECT subject, substring(source FROM '/[^/]*$') AS service, min(sequence) AS first FROM received_events
      WHERE set_aside_reason IS NOT NULL AND subject = ANY (${events.map(({ subject }) => subject)}::uuid[])
      GROUP BY 1, 2) dead ON dead.subject = a.subject AND right(a.source, length(dead.service)) = dead.service
    ORDER BY a.nth ${stored}`;
}
