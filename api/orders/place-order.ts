/** `POST /orders`: starts the saga, and answers when the order's row is committed, or when the order is decided. */
import type { CreateOrderSettings, OrderNotice, OrderRequest } from '../../domain/contracts';
import { isCurrentCurrency, minorDigits } from '../../domain/currency';
import { formatAmount } from '../../domain/money';
import type { OrderState } from '../../domain/order';
import type { Expectation, KeyedWaiters } from '../../platform/keyed-waiters';
import { Unready } from '../../platform/unready';
import type { OrderDatabase } from '../../prisma/order/client';
import type { GroupStarter } from '../../saga/host/group-starter';
import { SagaStarterFull, SagaStartFailed, type Ticket } from '../../saga/host/submission';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { type NewOrder, requireSameContent, waitForRow } from './committed-row';
import type { OpenOrders } from './open-orders';
import { waitForState } from './order-watch';
import { NOT_PROCESSED } from '../http/admission';
import { withdrawnCurrency } from '../http/money';
import { Problem } from '../http/problems';

export interface PlaceOrderDependencies {
  readonly db: OrderDatabase;
  readonly starter: Pick<GroupStarter<OrderRequest, CreateOrderSettings>, 'submit'>;
  readonly notices: KeyedWaiters<OrderNotice>;
  readonly openOrders: OpenOrders;
  /** Largest total of an order, in whole units of its currency; undefined: no limit. */
  readonly orderTotalMax?: number | undefined;
  /** @throws Unready when Temporal gives the sagas to no worker */
  readonly checkSagaRouting: () => Promise<void>;
}

export interface PlaceOrderRequest extends NewOrder {
  /** How long to wait for the decision, milliseconds; 0 answers with the order as PENDING. */
  readonly waitMs: number;
  /** Whether the order should not wait for the groups of another client. */
  readonly startsBeside?: boolean;
}

/**
 * @returns the order: PENDING for a new one without a wait, otherwise as it is now
 * @throws Problem `idempotency-key-reused` when the id belongs to an order with other content
 * @throws Problem `invalid-request` when the order is new, and its currency withdrawn or its total too large
 * @throws Problem `too-many-open-orders` when the order is new, and its customer has as many undecided orders as it may have
 * @throws Problem `overloaded` when the saga was not started and will not be
 * @throws Problem `temporal-unavailable` when it is unknown whether the saga was started, or when no worker runs it
 * @throws Problem `database-unavailable` when the row was not committed in time; the saga continues
 * @throws CallerLeft when nobody waits for the answer; an order that was not started yet never is
 */
export async function placeOrder(
  deps: PlaceOrderDependencies,
  request: PlaceOrderRequest,
): Promise<OrderView> {
  const { order, keyed, waitMs, signal } = request;
  const waitUntil = Date.now() + waitMs;
  const expectation = deps.notices.expect(order.orderId);
  try {
    const before = keyed ? await findOrder(deps.db, order.orderId) : undefined;
    if (!before) requireAllowed(order, deps.orderTotalMax);
    const placed = before
      ? requireSameContent(before, order)
      : await deps.openOrders.run(order.customerId, () => start(deps, request, expectation));
    if (waitMs === 0) return before ?? asPending(placed);
    if (placed.state !== 'PENDING') return placed;
    const isDecided = (state: OrderState) => state !== 'PENDING';
    return await waitForState(deps.db, placed, expectation, isDecided, waitUntil, signal);
  } finally {
    expectation.close();
  }
}

/** Of a new order only: a repeated request gets its order, whatever has changed since. */
function requireAllowed({ currency, totalMinor }: OrderRequest, maxUnits = Infinity): void {
  if (!isCurrentCurrency(currency)) throw withdrawnCurrency(currency, '/orderTotal');
  const digits = minorDigits(currency);
  const maxMinor = maxUnits * 10 ** digits;
  if (totalMinor <= maxMinor) return;
  const error = {
    pointer: '/orderTotal/amount',
    detail: `must be at most ${formatAmount(maxMinor, digits)}`,
  };
  throw new Problem('invalid-request', `${error.pointer}: ${error.detail}`, { errors: [error] });
}

/** The first answer is about the commit of the row, however fast the decision was. */
function asPending({ reason: _, ...order }: OrderView): OrderView {
  return { ...order, state: 'PENDING', version: 1, updatedAt: order.createdAt };
}

/** Starts the saga, and waits for the row, which another process may have committed. */
async function start(
  deps: PlaceOrderDependencies,
  request: PlaceOrderRequest,
  expectation: Expectation<OrderNotice>,
): Promise<OrderView> {
  const ticket = submit(deps, request);
  const progress = { started: false, over: false };
  const rejected = ticket.submitted.then(
    () => {
      progress.started = true;
      return new Promise<never>(() => undefined);
    },
    (error: unknown) => {
      throw startProblem(request, error);
    },
  );
  try {
    const placed = await Promise.race([waitForRow(deps.db, request, expectation, progress), rejected]);
    if (placed) return placed;
    // A withdrawn order is never started, so the answer stays true.
    if (ticket.withdraw()) throw new Problem('overloaded', NOT_PROCESSED);
    throw progress.started
      ? await notCommittedProblem(deps, request)
      : startProblem(request, new SagaStartFailed('no answer in time'));
  } finally {
    progress.over = true;
    ticket.withdraw();
  }
}

/** @throws Problem `overloaded` when too many orders wait for a saga */
function submit({ starter }: PlaceOrderDependencies, request: PlaceOrderRequest): Ticket {
  const { order, waitMs, startsBeside = false } = request;
  try {
    return starter.submit(order, { isAwaited: waitMs > 0, startsBeside });
  } catch (error) {
    if (error instanceof SagaStarterFull) throw new Problem('overloaded', NOT_PROCESSED, { cause: error });
    throw error;
  }
}

function startProblem(request: PlaceOrderRequest, error: unknown): unknown {
  if (!(error instanceof SagaStartFailed)) return error;
  const detail = `It is not known yet whether the order is placed. ${retryAdvice(request)}`;
  return new Problem('temporal-unavailable', detail, { cause: error });
}

/** The saga was started: either no worker runs it, or its first step waits for the database. */
async function notCommittedProblem(
  { checkSagaRouting }: PlaceOrderDependencies,
  request: PlaceOrderRequest,
): Promise<Problem> {
  const state = 'The order is being placed, but its row is not committed yet';
  return checkSagaRouting().then(
    () => new Problem('database-unavailable', `${state}. ${retryAdvice(request)}`),
    (cause: unknown) => {
      const reason =
        cause instanceof Unready ? 'no worker runs its saga (see /readyz)' : 'Temporal does not answer';
      return new Problem('temporal-unavailable', `${state}: ${reason}. ${retryAdvice(request)}`, { cause });
    },
  );
}

function retryAdvice({ order, keyed }: PlaceOrderRequest): string {
  return keyed
    ? 'Send it again with the same Idempotency-Key: it will be placed once.'
    : `Look for it at /orders/${order.orderId} before you send it again. With an Idempotency-Key it would be placed once.`;
}
