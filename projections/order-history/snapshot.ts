/**
 * A snapshot: rows of the view that were read from the services' own databases, and the position of each service's feed
 * that they include. It is a generation that no event changes; the view starts from it, and applies the later events.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { EventSource } from '../../domain/events';
import type { HistoryDatabase } from '../../prisma/history/client';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

/** Amounts are minor units of the row's currency. */
export interface SnapshotCustomer {
  readonly id: string;
  readonly creditLimitMinor: bigint;
  readonly currency: string;
  /** As of the snapshot's position. */
  readonly reservedMinor: bigint;
  readonly version: number;
}

export interface SnapshotOrder {
  readonly id: string;
  readonly customerId: string;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly state: string;
  readonly cancellationReason: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** By service: every event up to this position has its effect in the rows. */
type SnapshotTo = Readonly<Record<EventSource, bigint>>;

export interface SnapshotSink {
  customers(rows: readonly SnapshotCustomer[]): Promise<void>;
  orders(rows: readonly SnapshotOrder[]): Promise<void>;
}

/** Passes all rows of both services to the sink, in pages. */
export type ReadSnapshot = (sink: SnapshotSink) => Promise<SnapshotTo>;

/** 5,000 rows: copied in some hundred milliseconds. */
const COPIED_AT_ONCE = 5_000;

/** @returns number of the snapshot's generation */
export async function writeSnapshot(db: HistoryDatabase, read: ReadSnapshot): Promise<number> {
  const generation = await newGeneration(db);
  const to = await read({
    customers: async (rows) => {
      await db.customerView.createMany({ data: rows.map((row) => ({ generation, ...row })) });
    },
    orders: async (rows) => {
      await db.orderView.createMany({ data: rows.map((row) => ({ generation, ...row })) });
    },
  });
  const positions = Object.fromEntries(
    Object.entries(to).map(([service, position]) => [service, String(position)]),
  );
  await db.$executeRaw(sql`
    UPDATE generations SET snapshot_to = ${JSON.stringify(positions)}::jsonb WHERE number = ${generation}::integer`);
  return generation;
}

/** @returns number of a new generation, without rows */
async function newGeneration(db: Transaction): Promise<number> {
  const [{ number }] = await db.$queryRaw<[{ number: number }]>(sql`
    INSERT INTO generations (number, current) SELECT max(number) + 1, false FROM generations RETURNING number`);
  return number;
}

/**
 * Begins a generation with the rows of a snapshot.
 *
 * @param base generation of the snapshot; undefined: that of the current generation, if it has one
 * @returns number of the new generation
 */
export async function newGenerationFrom(db: HistoryDatabase, base: number | undefined): Promise<number> {
  const generation = await newGeneration(db);
  const [row] = await db.$queryRaw<{ base: number | null }[]>(sql`
    UPDATE generations g SET base = b.number, snapshot_to = b.snapshot_to
    FROM generations b
    WHERE g.number = ${generation}::integer
      AND b.number = coalesce(${base ?? null}::integer, (SELECT c.base FROM generations c WHERE c.current))
    RETURNING g.base`);
  if (row?.base == null) return generation;
  await copyRows(async (after) =>
    db.$queryRaw<Id[]>(sql`
    INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor, version)
    SELECT ${generation}::integer, id, credit_limit_minor, currency, reserved_minor, version
    FROM customer_views WHERE generation = ${row.base}::integer AND id > ${after}::uuid ORDER BY id LIMIT ${COPIED_AT_ONCE}::integer
    RETURNING id::text`),
  );
  await copyRows(async (after) =>
    db.$queryRaw<Id[]>(sql`
    INSERT INTO order_views SELECT ${generation}::integer, id, customer_id, total_minor, currency, state,
      cancellation_reason, version, created_at, updated_at
    FROM order_views WHERE generation = ${row.base}::integer AND id > ${after}::uuid ORDER BY id LIMIT ${COPIED_AT_ONCE}::integer
    RETURNING id::text`),
  );
  return generation;
}

interface Id {
  readonly id: string;
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

async function copyRows(copy: (after: string) => Promise<readonly Id[]>): Promise<void> {
  let rows: readonly Id[];
  let after = BEFORE_ALL;
  do {
    rows = await copy(after);
    after = rows.reduce((last, { id }) => (id > last ? id : last), after);
  } while (rows.length > 0);
}

/** To be called in the transaction that swaps in a generation which starts from a new snapshot. */
export async function endIncompleteness(tx: Transaction, generation: number): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET incomplete = EXISTS (
      SELECT FROM jsonb_each_text(starts_after) missed, generations g
      WHERE g.number = ${generation}::integer AND missed.value::bigint > (g.snapshot_to->>missed.key)::bigint)`);
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET recovery = NULL WHERE recovery = 'WAITING_FOR_SNAPSHOT' AND NOT incomplete`);
}
