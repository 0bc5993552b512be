/** Makes the consumer read the feed from its start again. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { HistoryDatabase } from '../../prisma/history/client';

/** The consumer then receives the events that it has missed, and recognizes the others by their ids. */
export async function followFromTheStart(db: HistoryDatabase): Promise<void> {
  await db.$executeRaw(sql`UPDATE checkpoints SET cursor = NULL, complete_to = '{}'`);
}
