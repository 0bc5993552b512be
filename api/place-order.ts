/** Placing an order: start its saga, and answer when its row is committed, or when it is decided. */
import type { OrderNotice, OrderRequest } from '../domain/contracts';
import type { Expectation, KeyedWaiters } from '../platform/keyed-waiters';
import type { OrderDatabase } from '../prisma/order/client';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { Problem } from './problems';
import type { SagaStarter } from './saga-starter';

/** 10 s for the row: a database that does not commit for so long is away, and the caller is told. */
const CREATED_WITHIN_MS = 10_000;

/** 250 ms: the notice of this process comes first; the row is looked at for what another process does. */
const LOOK_AT_ROW_MS = 250;

export interface PlaceOrderDependencies {
  readonly db: OrderDatabase;
  readonly starter: Pick<SagaStarter, 'submit'>;
  readonly notices: KeyedWaiters<OrderNotice>;
}

type Created = Extract<OrderNotice, { kind: 'created' }>;
type Decided = Extract<OrderNotice, { kind: 'decided' }>;

/**
 * @param keyed whether the id comes of an Idempotency-Key, so that the order may be there already
 * @param waitMs how long to wait for the outcome; 0 answers with the order as it was when PENDING
 * @returns the order PENDING, or as decided
 * @throws Problem `idempotency-key-reused` when the id is an order's with other content
 * @throws Problem `database-unavailable` when its row was not committed in time; its saga goes on
 * @throws SagaStartFailed, SagaStarterFull
 */
export async function placeOrder(
  { db, starter, notices }: PlaceOrderDependencies,
  order: OrderRequest,
  keyed: boolean,
  waitMs: number,
): Promise<OrderView> {
  const expectation = notices.expect(order.orderId);
  try {
    const before = keyed ? await findOrder(db, order.orderId) : undefined;
    if (!before) await starter.submit(order);
    // Only a key can lead two orders to one id; then the row says whose content came first.
    const pending = keyed ? sameContent(before ?? (await rowOf(db, order, expectation)), order) : await created(db, order, expectation);
    if (waitMs === 0) return asPending(pending);
    return pending.state === 'PENDING' ? await decided(db, pending, expectation, waitMs) : pending;
  } finally {
    expectation.close();
  }
}

/** The answer to a repeated request is the answer that was given: the order as it was at first. */
function asPending({ reason: _, ...order }: OrderView): OrderView {
  return { ...order, state: 'PENDING', updatedAt: order.createdAt };
}

function sameContent(existing: OrderView, asked: OrderRequest): OrderView {
  const same =
    existing.customerId === asked.customerId &&
    existing.totalMinor === asked.totalMinor &&
    existing.currency === asked.currency;
  if (same) return existing;
  throw new Problem('idempotency-key-reused', 'An order with other content was placed with this Idempotency-Key.');
}

async function created(db: OrderDatabase, order: OrderRequest, expectation: Expectation<OrderNotice>): Promise<OrderView> {
  const deadline = Date.now() + CREATED_WITHIN_MS;
  do {
    const notice = await expectation.next((heard): heard is Created => heard.kind === 'created', LOOK_AT_ROW_MS);
    if (notice) {
      const { sagaId, createdAt } = notice;
      return { ...order, state: 'PENDING', createdAt, updatedAt: createdAt, sagaId };
    }
    const row = await findOrder(db, order.orderId);
    if (row) return row;
  } while (Date.now() < deadline);
  throw notCommitted();
}

async function rowOf(db: OrderDatabase, order: OrderRequest, expectation: Expectation<OrderNotice>): Promise<OrderView> {
  await created(db, order, expectation);
  const row = await findOrder(db, order.orderId);
  if (row) return row;
  throw notCommitted();
}

function notCommitted(): Problem {
  return new Problem('database-unavailable', 'Send the order again with the same Idempotency-Key: it is placed once.');
}

/** @returns the order as it is when the time is up, decided or not */
async function decided(
  db: OrderDatabase,
  pending: OrderView,
  expectation: Expectation<OrderNotice>,
  waitMs: number,
): Promise<OrderView> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const left = deadline - Date.now();
    const notice = await expectation.next((heard): heard is Decided => heard.kind === 'decided', Math.min(left, LOOK_AT_ROW_MS));
    if (notice) {
      const { state, reason, updatedAt } = notice;
      return { ...pending, state, ...(reason && { reason }), updatedAt };
    }
    if (left <= 0) return pending;
    const row = await findOrder(db, pending.orderId);
    if (row && row.state !== 'PENDING') return row;
  }
}
