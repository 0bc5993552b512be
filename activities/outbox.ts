/**
 * The transactional outbox: the only writer of domain events. An event is written by the same statement
 * as the state change that it is about, so neither is ever there without the other.
 */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_VERSIONS } from '../domain/events';

/**
 * The INSERT that records events, to stand as a CTE in a step's statement.
 *
 * @param events a SELECT of aggregate_type, aggregate_id, sequence, type, data (jsonb) and saga_id, one row
 *   an event; the sequence numbers an aggregate's transitions from 1
 * @param versions of the data, by type
 */
export function recordEvents(events: Sql, versions: Readonly<Record<string, number>> = EVENT_VERSIONS): Sql {
  return sql`INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id, schema_version)
    SELECT e.*, (${JSON.stringify(versions)}::jsonb->>e.type)::integer
    FROM (${events}) e (aggregate_type, aggregate_id, sequence, type, data, saga_id)`;
}
