/** Placing an order: start its saga, and answer when its row is committed, or when it is decided. */
import type { CreateOrderSettings, OrderNotice, OrderRequest } from '../../domain/contracts';
import { isCurrentCurrency } from '../../domain/currency';
import type { Expectation, KeyedWaiters } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import type { GroupStarter } from '../../saga/host/group-starter';
import { SagaStarterFull, SagaStartFailed, type Ticket } from '../../saga/host/submission';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { FIRST_LOOK_MS, ifAway, lookTogether, orderWhen, RAREST_LOOK_MS } from './order-watch';
import { withdrawnCurrency } from '../http/money';
import { Problem } from '../http/problems';

/** 10 s for the row: a database or a Temporal server that takes longer is away, and callers do not wait longer. */
const COMMITTED_WITHIN_MS = 10_000;

const NOTHING_BEGUN = 'Nothing was begun for this order; send it again later.';

export interface PlaceOrderDependencies {
  readonly db: OrderDatabase;
  readonly starter: Pick<GroupStarter<OrderRequest, CreateOrderSettings>, 'submit'>;
  readonly notices: KeyedWaiters<OrderNotice>;
}

export interface Placing {
  readonly order: OrderRequest;
  /** Whether the id comes of an Idempotency-Key, so that the order may be there already. */
  readonly keyed: boolean;
  /** How long to wait for the outcome, milliseconds; 0 answers with the order as it was when PENDING. */
  readonly waitMs: number;
}

/**
 * @returns the order PENDING, or as decided
 * @throws Problem `idempotency-key-reused` when the id is an order's with other content
 * @throws Problem `invalid-request` when the order is new and its currency withdrawn
 * @throws Problem `overloaded` when nothing was begun for the order, and nothing will be
 * @throws Problem `temporal-unavailable` when it is not known whether its saga was started
 * @throws Problem `database-unavailable` when its row was not committed in time; its saga goes on
 */
export async function placeOrder(deps: PlaceOrderDependencies, placing: Placing): Promise<OrderView> {
  const { order, keyed, waitMs } = placing;
  const waitUntil = Date.now() + waitMs;
  const expectation = deps.notices.expect(order.orderId);
  try {
    const before = keyed ? await findOrder(deps.db, order.orderId) : undefined;
    if (!before && !isCurrentCurrency(order.currency)) throw withdrawnCurrency(order.currency, '/orderTotal');
    const placed = before ? sameContent(before, order) : await start(deps, placing, expectation);
    if (waitMs === 0) return asPending(placed);
    if (placed.state !== 'PENDING') return placed;
    return await orderWhen(deps.db, placed, expectation, (state) => state !== 'PENDING', waitUntil);
  } finally {
    expectation.close();
  }
}

/** The answer to a repeated request is the answer that was given: the order as it was at first. */
function asPending({ reason: _, ...order }: OrderView): OrderView {
  return { ...order, state: 'PENDING', version: 1, updatedAt: order.createdAt };
}

function sameContent(existing: OrderView, asked: OrderRequest): OrderView {
  const same =
    existing.customerId === asked.customerId &&
    existing.totalMinor === asked.totalMinor &&
    existing.currency === asked.currency;
  if (same) return existing;
  throw new Problem(
    'idempotency-key-reused',
    'An order with other content was placed with this Idempotency-Key.',
  );
}

/** Starts the saga; done when the row is there, which may be another process's doing. */
async function start(
  deps: PlaceOrderDependencies,
  placing: Placing,
  expectation: Expectation<OrderNotice>,
): Promise<OrderView> {
  const ticket = submit(deps, placing);
  const progress = { started: false, over: false };
  const refused = ticket.submitted.then(
    () => {
      progress.started = true;
      return new Promise<never>(() => undefined);
    },
    (error: unknown) => {
      throw notStarted(placing, error);
    },
  );
  try {
    const placed = await Promise.race([committed(deps.db, placing, expectation, progress), refused]);
    if (placed) return placed;
    // From here on the order is not started: what the answer says stays true.
    if (ticket.withdraw()) throw new Problem('overloaded', NOTHING_BEGUN);
    throw progress.started
      ? new Problem(
          'database-unavailable',
          `The order is being placed, but its row is not committed yet. ${howToRetry(placing)}`,
        )
      : notStarted(placing, new SagaStartFailed('no answer in time'));
  } finally {
    progress.over = true;
    ticket.withdraw();
  }
}

/** @throws Problem `overloaded` when too many orders wait for their saga */
function submit({ starter }: PlaceOrderDependencies, { order }: Placing): Ticket {
  try {
    return starter.submit(order);
  } catch (error) {
    if (error instanceof SagaStarterFull) throw new Problem('overloaded', NOTHING_BEGUN, { cause: error });
    throw error;
  }
}

/** The order once its row is committed; undefined when it is not in time. */
async function committed(
  db: OrderDatabase,
  { order, keyed }: Placing,
  expectation: Expectation<OrderNotice>,
  progress: { readonly started: boolean; readonly over: boolean },
): Promise<OrderView | undefined> {
  const deadline = Date.now() + COMMITTED_WITHIN_MS;
  for (let pause = FIRST_LOOK_MS; Date.now() < deadline; pause = Math.min(2 * pause, RAREST_LOOK_MS)) {
    const notice = await expectation.next(concernsRow, pause);
    // Refused meanwhile: a crowd of refused orders must not continue to read.
    if (progress.over) return undefined;
    // Of a new id there is one order only. To an id of a key a request with other content may have led as
    // well, and the notice may be about that one: the row says whose content came first.
    if (notice?.kind === 'created' && !keyed) {
      const { sagaId, createdAt } = notice;
      return { ...order, state: 'PENDING', version: 1, createdAt, updatedAt: createdAt, sagaId };
    }
    if (!notice) {
      // While it waits for its group there is no row; one that another process has placed is found after that.
      if (!progress.started) continue;
      await lookTogether();
    }
    const row = await findOrder(db, order.orderId).catch(ifAway);
    if (row) return sameContent(row, order);
  }
  return undefined;
}

function concernsRow(notice: OrderNotice): notice is Extract<OrderNotice, { kind: 'created' | 'conflict' }> {
  return notice.kind !== 'decided';
}

function notStarted(placing: Placing, error: unknown): unknown {
  if (!(error instanceof SagaStartFailed)) return error;
  const detail = `Whether the order is placed is not known yet. ${howToRetry(placing)}`;
  return new Problem('temporal-unavailable', detail, { cause: error });
}

function howToRetry({ order, keyed }: Placing): string {
  return keyed
    ? 'Send it again with the same Idempotency-Key: it is placed once.'
    : `Look for it at /orders/${order.orderId} before you send it again, and send it with an Idempotency-Key: then it is placed once.`;
}
