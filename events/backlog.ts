/** The events that a service has recorded and its relay has not published yet. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { SqlDatabase } from './sql';

/** 10,000 events: counted in a few milliseconds. A larger backlog is reported as this number. */
const COUNTED_MAX = 10_000;

export interface Backlog {
  /** At most 10,000. */
  readonly events: number;
  /** Age of the oldest event; 0 when there is none. */
  readonly oldestSeconds: number;
}

export async function backlogOf(db: SqlDatabase): Promise<Backlog> {
  const [row] = await db.$queryRaw<Backlog[]>(sql`
    SELECT count(*)::integer AS events,
      greatest(coalesce(extract(epoch FROM now() - min(occurred_at)), 0), 0)::double precision AS "oldestSeconds"
    FROM (SELECT occurred_at FROM outbox WHERE position IS NULL AND id > 0 ORDER BY id LIMIT ${COUNTED_MAX}::integer) o`);
  return row ?? { events: 0, oldestSeconds: 0 };
}
