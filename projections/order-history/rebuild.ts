/** Rebuilds the view from the received events as a new generation, and then swaps it in. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Received } from '../consumer/feed-page';
import { schemaPath } from '../../events/event-types';
import type { HistoryDatabase } from '../../prisma/history/client';
import { applyEvents } from './apply-events';
import { aggregateOf, whyPoison } from './poison';
import { endRecovery, isToBeRebuilt } from './recovery';
import { endIncompleteness, newGenerationFrom, type ReadSnapshot, writeSnapshot } from './snapshot';

/** 5,000 events per transaction: about a second, so that progress is visible. */
const BATCH = 5_000n;

/** A day: longer than any rebuild takes. The transaction is idle meanwhile and delays nothing. */
const WHOLE_TIMEOUT_MS = 86_400_000;

/** Key of the advisory lock of a rebuild. */
const LOCK = 6_011;

/** Rows of old generations deleted per statement. */
const DROP_BATCH = 5_000;

export interface Rebuilt {
  /** The new current generation. */
  readonly generation: number;
  readonly events: bigint;
}

/** Only one rebuild may run: two would remove each other's generations. */
class RebuildUnderWay extends Error {
  override readonly name = 'RebuildUnderWay';
}

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

type Progress = (applied: bigint, all: bigint) => void;

/**
 * Rebuilds the view while the system runs. Only the swap blocks the consumer, while the rebuild applies the events since the
 * last batch. A killed rebuild leaves a generation that answers no query; the next rebuild removes it.
 *
 * One transaction takes the lock at the start and makes the swap at the end. When its connection is lost, so are the lock
 * and the swap.
 *
 * @param onProgress called after each batch with the number of applied events and of all events
 * @param readSnapshot reads the rows that the view starts from. Default: the last snapshot, if there is one
 * @throws RebuildUnderWay when another rebuild runs; nothing was changed then
 */
export async function rebuildView(
  db: HistoryDatabase,
  onProgress: Progress,
  readSnapshot?: ReadSnapshot,
): Promise<Rebuilt> {
  const rebuilt = await db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ taken: boolean }[]>(
        sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`,
      );
      if (!lock?.taken)
        throw new RebuildUnderWay('another rebuild of the view is in progress; wait until it has completed');
      return build(db, tx, onProgress, readSnapshot);
    },
    { timeout: WHOLE_TIMEOUT_MS },
  );
  onProgress(rebuilt.events, rebuilt.events);
  for (;;) {
    const [row] = await db.$queryRaw<{ dropped: number }[]>(
      sql`SELECT drop_old_generations(${DROP_BATCH}::integer) AS dropped`,
    );
    if (!row || row.dropped === 0) break;
  }
  return rebuilt;
}

/** @param swapping the transaction that holds the lock */
async function build(
  db: HistoryDatabase,
  swapping: Transaction,
  onProgress: Progress,
  readSnapshot?: ReadSnapshot,
): Promise<Rebuilt> {
  const deadLetters = new DeadLetters();
  const isRecovery = await isToBeRebuilt(swapping);
  const snapshot = readSnapshot && (await writeSnapshot(db, readSnapshot));
  const generation = await newGenerationFrom(db, snapshot);
  let applied = 0n;
  for (;;) {
    // On the connection that holds the lock, so that this query fails when the lock is lost.
    const last = await lastReceived(swapping);
    if (last - applied <= BATCH) break;
    const to = applied + BATCH;
    const from = applied;
    await deadLetters.check(db, from, to);
    const { understood } = deadLetters;
    await db.$transaction((tx) => applyEvents(tx, { generation, from, to, understood }));
    applied = to;
    onProgress(applied, last);
  }
  await swapping.$queryRaw(sql`SELECT FROM checkpoints FOR UPDATE`);
  const events = await lastReceived(swapping);
  await deadLetters.check(swapping, applied, events);
  const { understood } = deadLetters;
  await applyEvents(swapping, { generation, from: applied, to: events, understood });
  await swapping.$executeRaw(sql`
    UPDATE received_events SET set_aside_reason = NULL WHERE received_id = ANY (${understood}::bigint[])`);
  const swapped = await swapping.$executeRaw(sql`
    UPDATE generations SET current = (number = ${generation}::integer)
    WHERE EXISTS (SELECT FROM generations WHERE number = ${generation}::integer)`);
  if (swapped === 0)
    throw new Error(
      `another rebuild removed generation ${String(generation)} of the view; run the rebuild again`,
    );
  if (isRecovery) await endRecovery(swapping);
  if (snapshot !== undefined) await endIncompleteness(swapping, generation);
  return { generation, events };
}

async function lastReceived(db: Transaction): Promise<bigint> {
  const [row] = await db.$queryRaw<{ last: bigint }[]>(
    sql`SELECT coalesce(max(received_id), 0)::bigint AS last FROM received_events`,
  );
  return row?.last ?? 0n;
}

/**
 * Finds the dead letters that the current code can apply: of each subject, those before the first that it cannot. They affect
 * only the new generation until the swap.
 */
class DeadLetters {
  /** Received ids. */
  readonly understood: bigint[] = [];
  readonly #stuck = new Set<string>();

  /** To be called in the order of receipt. */
  async check(db: Transaction, from: bigint, to: bigint): Promise<void> {
    const rows = await db.$queryRaw<SetAsideRow[]>(sql`
      SELECT received_id AS "receivedId", source, subject::text, type, dataschema, data FROM received_events
      WHERE received_id > ${from} AND received_id <= ${to} AND set_aside_reason IS NOT NULL ORDER BY received_id`);
    for (const { receivedId, source, subject, type, data, ...row } of rows) {
      const event = { type, data, dataschema: row.dataschema ?? schemaPath(type, 1) };
      const key = aggregateOf({ source, subject });
      if (whyPoison(event) !== undefined) this.#stuck.add(key);
      if (!this.#stuck.has(key)) this.understood.push(receivedId);
    }
  }
}

interface SetAsideRow extends Pick<Received, 'source' | 'subject' | 'type' | 'data'> {
  readonly receivedId: bigint;
  readonly dataschema: string | null;
}
