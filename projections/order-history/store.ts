/** The order history as a consumer of the feed: checkpoint, received events and view in one transaction. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { ConsumerStore } from '../consumer/consumer';
import type { FeedPage } from '../consumer/feed-page';
import type { HistoryDatabase } from '../../prisma/history/client';
import { sqlState } from '../../prisma/sql-state';
import { applyPage, type PageDatabase } from './apply-page';
import { notBegun, noteFeedStart, withoutPruned } from './feed-start';
import { rebuildView } from './rebuild';
import { NEVER_STORED, reasonsOf, storeReceived, UNLESS_STORED } from './received-events';
import { beginRecovery, type Checkpoint, confirm, dropLost } from './recovery';

/** Names its checkpoint. */
export const CONSUMER = 'order-history';

/** SQLSTATE */
const UNIQUE_VIOLATION = '23505';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

/**
 * @param onFollowed called after each page that was applied
 * @param pages runs the statement of a page
 */
export function historyStore(
  db: HistoryDatabase,
  onFollowed: () => void,
  pages: PageDatabase = db,
): ConsumerStore {
  /** After a page: where it has moved the checkpoint. Undefined when another process may have changed more than that. */
  let moved: string | undefined;
  const movedTo = (cursor: string): true => {
    moved = cursor;
    onFollowed();
    return true;
  };
  return {
    checkpoint: async () => {
      if (moved !== undefined) return moved;
      const { cursor, recovery } = (await readCheckpoint(db)) ?? (await createCheckpoint(db));
      if (recovery === 'REBUILDING') await rebuildView(db, () => undefined);
      return cursor;
    },
    applyPage: async (after, page, poison) => {
      moved = undefined;
      const reasons = reasonsOf(page.items, poison);
      const isNew = notBegun(after, page).length === 0;
      if (isNew && (await applyNewPage(pages, after, page, reasons))) return movedTo(page.nextCursor);
      const isApplied = await db.$transaction(async (tx) => {
        if ((await holdCheckpoint(tx))?.cursor !== after) return false;
        await noteFeedStart(tx, notBegun(after, page));
        return (
          (await applyPage(tx, CONSUMER, after, page, reasons, UNLESS_STORED)) ||
          receiveDuringRecovery(tx, page, reasons)
        );
      });
      if (isApplied) onFollowed();
      return isApplied;
    },
    restart: (from) =>
      db.$transaction(async (tx) => {
        moved = undefined;
        if ((await holdCheckpoint(tx))?.cursor === from) await beginRecovery(tx);
      }),
    startLater: (from, startsAfter) =>
      db.$transaction(async (tx) => {
        moved = undefined;
        if (from === null || (await holdCheckpoint(tx))?.cursor !== from) return;
        await moveCheckpoint(tx, withoutPruned(from, startsAfter));
      }),
  };
}

/** @returns false when it is not as usual; nothing was changed then */
async function applyNewPage(
  pages: PageDatabase,
  after: string | null,
  page: FeedPage,
  reasons: readonly (string | null)[],
): Promise<boolean> {
  try {
    return await applyPage(pages, CONSUMER, after, page, reasons, NEVER_STORED);
  } catch (error) {
    // The consumer has received an event of the page before.
    if (sqlState(error) === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

async function readCheckpoint(db: Transaction): Promise<Checkpoint | undefined> {
  const [row] = await db.$queryRaw<Checkpoint[]>(
    sql`SELECT cursor, following, recovery FROM checkpoints WHERE consumer = ${CONSUMER}`,
  );
  return row;
}

/** Before the first page. Another process may create it at the same time. */
async function createCheckpoint(db: HistoryDatabase): Promise<Pick<Checkpoint, 'cursor' | 'recovery'>> {
  await db.$executeRaw(sql`INSERT INTO checkpoints (consumer) VALUES (${CONSUMER}) ON CONFLICT DO NOTHING`);
  return { cursor: null, recovery: null };
}

/** Locks the checkpoint: until the transaction ends, no other process applies a page. */
async function holdCheckpoint(tx: Transaction): Promise<Checkpoint | undefined> {
  const [row] = await tx.$queryRaw<Checkpoint[]>(
    sql`SELECT cursor, following, recovery FROM checkpoints WHERE consumer = ${CONSUMER} FOR UPDATE`,
  );
  return row;
}

/**
 * The view may have effects of lost events, or lack those of pruned ones: it gets no events, and no time of completeness. The
 * transaction must hold the checkpoint's row.
 */
async function receiveDuringRecovery(
  tx: Transaction,
  page: FeedPage,
  reasons: readonly (string | null)[],
): Promise<boolean> {
  const checkpoint = await holdCheckpoint(tx);
  if (!checkpoint) return false;
  const { following, recovery } = checkpoint;
  await confirm(tx, following, page.items);
  await tx.$executeRaw(
    storeReceived(sql`SELECT ${following}::integer AS following`, page.items, reasons, UNLESS_STORED),
  );
  await moveCheckpoint(tx, page.nextCursor);
  if (recovery === 'FOLLOWING_AGAIN') await dropLost(tx, following, page);
  return true;
}

async function moveCheckpoint(tx: Transaction, nextCursor: string): Promise<void> {
  await tx.$executeRaw(sql`UPDATE checkpoints SET cursor = ${nextCursor} WHERE consumer = ${CONSUMER}`);
}
