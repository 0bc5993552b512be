/** Has the consumer read the feed from its beginning again. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { HistoryDatabase } from '../../prisma/history/client';

/** What it missed comes in then; what it has, it knows by its ids. */
export async function followFromTheStart(db: HistoryDatabase): Promise<void> {
  await db.$executeRaw(sql`UPDATE checkpoints SET cursor = NULL, complete_to = '{}'`);
}
