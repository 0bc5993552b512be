/** What the feed and the relay need of a service's database client, whichever service's it is. */
import type { Sql } from '@prisma/client/runtime/client';

export interface SqlDatabase {
  $queryRaw<Rows>(query: Sql): PromiseLike<Rows>;
}

/** Notified after commits that wrote events, by who committed; heard by the relay. */
export const COMMITTED_CHANNEL = 'outbox_committed';

/** Notified by the relay in the commit that publishes; heard by who serves the feed. */
export const PUBLISHED_CHANNEL = 'outbox_published';
