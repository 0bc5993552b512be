/** Applies a page of the feed with one statement: it locks the checkpoint, stores the events, changes the view, and moves the checkpoint. */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { FeedPage } from '../consumer/feed-page';
import { applying } from './apply-events';
import { storeReceived } from './received-events';

export interface PageDatabase {
  $executeRaw(statement: Sql): PromiseLike<number>;
}

/**
 * @param after the checkpoint that the page was read from
 * @param reasons for each event of the page why it becomes a dead letter, or null
 * @param stored of {@link storeReceived}
 * @returns false when the checkpoint has moved, while a recovery is in progress, and when a rebuild has swapped the view since
 *   the statement began; nothing was changed then
 */
export async function applyPage(
  db: PageDatabase,
  consumer: string,
  after: string | null,
  { items, nextCursor, completeTo }: FeedPage,
  reasons: readonly (string | null)[],
  stored: Sql,
): Promise<boolean> {
  const changed = await db.$executeRaw(
    applying({
      // The locks are taken in the order in which a rebuild takes them. A row that has changed is checked again.
      ctes: sql`generation AS MATERIALIZED (SELECT g.number, g.snapshot_to, c.following FROM checkpoints c, generations g
          WHERE c.consumer = ${consumer} AND c.cursor IS NOT DISTINCT FROM ${after}::text AND c.recovery IS NULL AND g.current
          LIMIT 1 FOR UPDATE),
        stored AS (${storeReceived(sql`SELECT following FROM generation`, items, reasons, stored)} RETURNING *),
        received AS (SELECT * FROM stored WHERE set_aside_reason IS NULL),
        moved AS (
          UPDATE checkpoints SET cursor = ${nextCursor}, complete_to = complete_to || ${JSON.stringify(completeTo)}::jsonb
          FROM generation WHERE consumer = ${consumer})`,
      upTo: sql`(SELECT max(received_id) FROM stored)`,
    }),
  );
  return changed === 1;
}
