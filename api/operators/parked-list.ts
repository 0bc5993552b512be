/** Lists the orders that wait for parked steps. It begins with Temporal, so that it needs no answer of the order database. */
import type { OrderDatabase } from '../../prisma/order/client';
import { withTimeout } from '../../saga/host/with-timeout';
import { pageOf, readCursor } from '../http/pagination';
import { parkedOrders, sagasOf } from './parked-orders';
import {
  filtersRows,
  type ReadContext,
  type SagaList,
  type SagaListDependencies,
  temporalUnavailable,
} from './saga-list';
import type { ParkedStepJson, SagaFacts, SagasQuery } from './saga-list-json';
import { matches, readGivenUp, readRowsOf } from './saga-rows';

/** 2.5 s: a read of the database has 2 s, and may wait for a connection. Then the list goes without the rows. */
const ROWS_WITHIN_MS = 2_500;

/** 1,000 rows by their ids, a few milliseconds: a filter of rows looks through at most five such lots. */
const ROWS_AT_ONCE = 1_000;

interface Waiting {
  readonly id: string;
  /** Since when the newest of the parked steps fails: the key of the page. */
  readonly createdAt: Date;
  readonly attention: readonly ParkedStepJson[];
}

/**
 * A page by the time since which the newest of the order's parked steps fails, newest first.
 *
 * @throws Problem `invalid-request` when the cursor is not one
 * @throws Problem `temporal-unavailable` when Temporal does not answer
 */
export async function listParked(
  { reads, client }: SagaListDependencies,
  query: SagasQuery,
  { now, warn }: ReadContext,
): Promise<SagaList> {
  const { limit, cursor, orderId } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const listFilter = orderId === undefined ? undefined : sagasOf([orderId]);
  const { steps, truncated } = await parkedOrders(client, listFilter).catch((error: unknown) => {
    throw temporalUnavailable(error);
  });
  const waiting = [...steps]
    .filter(([id, parked]) => isAsked(query, id, parked))
    .map(([id, parked]) => ({ id, createdAt: newestOf(parked), attention: parked }))
    .filter((each) => !after || byKey(after, each) < 0)
    .sort(byKey);
  const needsRows = filtersRows(query);
  const lot = needsRows ? ROWS_AT_ONCE : limit + 1;
  const found: (Waiting & SagaFacts)[] = [];
  let isComplete = true;
  for (let first = 0; first < waiting.length && found.length <= limit; first += lot) {
    const some = waiting.slice(first, first + lot);
    const read = factsOf(reads, some);
    const facts = await (needsRows ? read : withoutTrouble(read, warn));
    isComplete &&= facts !== undefined;
    for (const each of some) {
      const order = facts?.orders.get(each.id);
      if (needsRows && !(order && matches(order, query, now))) continue;
      found.push({ ...each, orderId: each.id, order, givenUp: facts?.givenUp.get(each.id) });
    }
  }
  return {
    ...pageOf<Waiting & SagaFacts, SagaFacts>(found, limit, (item) => item),
    truncated,
    unavailable: isComplete ? [] : ['orderDatabase'],
  };
}

type Key = Pick<Waiting, 'id' | 'createdAt'>;

function byKey(a: Key, b: Key): number {
  const later = b.createdAt.getTime() - a.createdAt.getTime();
  if (later !== 0 || a.id === b.id) return later;
  return a.id < b.id ? 1 : -1;
}

function isAsked({ orderId, step }: SagasQuery, id: string, parked: readonly ParkedStepJson[]): boolean {
  const isOrder = orderId === undefined || id === orderId;
  return isOrder && (step === undefined || parked.some((each) => each.step === step));
}

const newestOf = (parked: readonly ParkedStepJson[]): Date =>
  new Date(Math.max(...parked.map(({ since }) => Date.parse(since))));

type Facts = Awaited<ReturnType<typeof factsOf>>;

async function factsOf(reads: OrderDatabase, waiting: readonly Waiting[]) {
  const ids = waiting.map(({ id }) => id);
  const [orders, givenUp] = await Promise.all([readRowsOf(reads, ids), readGivenUp(reads, ids)]);
  return { orders, givenUp };
}

/**
 * Of rows that are only for show. Whatever is wrong with the database may be why the steps are parked, as a permission that
 * is missing.
 *
 * @returns undefined when the rows are not read in time
 */
function withoutTrouble(read: Promise<Facts>, warn: ReadContext['warn']): Promise<Facts | undefined> {
  return withTimeout(read, ROWS_WITHIN_MS, 'rows of parked orders').catch((error: unknown) => {
    warn(error, 'the rows of parked orders are not read');
    return undefined;
  });
}
