/**
 * The transactional outbox: the only writer of domain events. The statement that changes the state also writes the event,
 * so either both are committed or neither is.
 */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_VERSIONS } from '../domain/events';

/**
 * Returns the INSERT that records events, for use as a CTE in a step's statement.
 *
 * @param events a SELECT of aggregate_type, aggregate_id, sequence, type, data (jsonb) and saga_id, with one row per
 *   event; the sequence numbers the transitions of an aggregate, from 1
 * @param versions version of the data, by event type
 */
export function recordEvents(events: Sql, versions: Readonly<Record<string, number>> = EVENT_VERSIONS): Sql {
  return sql`INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id, schema_version)
    SELECT e.*, (${JSON.stringify(versions)}::jsonb->>e.type)::integer
    FROM (${events}) e (aggregate_type, aggregate_id, sequence, type, data, saga_id)`;
}
