/** The part of a database client that the feed and the relay use, for any service. */
import type { Sql } from '@prisma/client/runtime/client';

export interface SqlDatabase {
  $queryRaw<Rows>(query: Sql): PromiseLike<Rows>;
}

/** The committing process notifies this channel after a commit that wrote events; the relay listens. */
export const COMMITTED_CHANNEL = 'outbox_committed';

/** The relay notifies this channel in the transaction that publishes; processes that serve the feed listen. */
export const PUBLISHED_CHANNEL = 'outbox_published';
