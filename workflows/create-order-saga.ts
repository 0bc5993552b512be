/**
 * The saga that brings an order from PENDING to APPROVED or CANCELLED across two services' databases:
 *
 *     createPendingOrder ──→ reserveCredit ──┬── reserved ──→ approveOrder
 *                            (the pivot)     └── rejected, or no answer in time ──→ cancelOrder(reason)
 *
 * It is written for one order. A group runs one coroutine per order; `step-batch.ts` joins the steps that
 * they ask for in the same turn into one transaction over the list.
 */
import { CancellationScope, defineUpdate, proxySinks, setHandler } from '@temporalio/workflow';
import type {
  CancellationRequest,
  CreateOrderSagaInput,
  CreateOrderSagaResult,
  OrderRequest,
  OrderResult,
  SagaSinks,
} from '../domain/contracts';
import { REQUEST_CANCELLATION } from '../domain/names';
import type { CancellationReason } from '../domain/order';
import { Attention } from './attention';
import { cancelApproved } from './cancel-approved';
import { Cancellation } from './cancellation';
import { endGivenUp, GivenUp, handleParkedSteps } from './parked-steps';
import { SagaDetails } from './saga-details';
import { outcomeUnknown, refusedUpdate, sagaFailure, throwIfAnyFailed } from './saga-failures';
import { sagaSteps, type SagaSteps } from './saga-steps';
import { Turn } from './turn';

/** Cancels one order of the saga, whose neighbours notice nothing; accepted until the order is decided. */
const requestCancellation = defineUpdate<undefined, [CancellationRequest]>(REQUEST_CANCELLATION);

/**
 * @returns how each order ended, in the order asked; a refused order is a result, not a failure
 * @throws ApplicationFailure `SagaFailed` when an order met a bug, or an operator gave one of its steps up;
 *   its neighbours have ended properly before that
 */
export async function createOrderSaga(input: CreateOrderSagaInput): Promise<CreateOrderSagaResult> {
  const cancellations = new Map(input.orders.map(({ orderId }) => [orderId, new Cancellation()]));
  for (const { orderId, cancellationKey } of input.cancellations ?? [])
    cancellations.get(orderId)?.request(cancellationKey);
  setHandler(
    requestCancellation,
    ({ orderId, cancellationKey }: CancellationRequest): undefined => {
      cancellations.get(orderId)?.request(cancellationKey);
    },
    {
      validator: ({ orderId }: CancellationRequest) => {
        const cancellation = cancellations.get(orderId);
        if (!cancellation) throw refusedUpdate('OrderNotInSaga', `this saga does not carry order ${orderId}`);
        if (cancellation.tooLate) throw refusedUpdate('OrderDecided', `order ${orderId} is decided already`);
      },
    },
  );
  // Temporal's own Cancel means every order. Steps under way are not torn down: each order unwinds by itself.
  CancellationScope.current().cancelRequested.catch(() => {
    for (const cancellation of cancellations.values()) cancellation.request();
  });
  return CancellationScope.nonCancellable(() => runOrders(input, cancellations));
}

async function runOrders(
  input: CreateOrderSagaInput,
  cancellations: ReadonlyMap<string, Cancellation>,
): Promise<CreateOrderSagaResult> {
  const attention = new Attention();
  handleParkedSteps(attention);
  const details = new SagaDetails(input.orders, attention);
  const turn = new Turn(input.orders.length);
  const steps = sagaSteps(input, turn, attention, () => {
    details.show();
  });
  const outcomes = await Promise.allSettled(
    input.orders.map(async (order) => {
      const cancellation = cancellations.get(order.orderId) ?? new Cancellation();
      let result: OrderResult;
      try {
        result = await new OrderSaga(order, steps, details, cancellation)
          .run()
          .catch((failure: unknown) => endGivenUp(order, failure, steps));
        details.note(order.orderId, 'reason' in result ? `${result.state}: ${result.reason}` : result.state);
      } finally {
        turn.leave();
      }
      if (result.state === 'APPROVED' && cancellation.requested)
        await cancelApproved(input, order, cancellation.key);
      return result;
    }),
  );
  details.show();
  proxySinks<SagaSinks>().saga.ended();
  throwIfAnyFailed(
    outcomes,
    input.orders.map(({ orderId }) => orderId),
  );
  return { orders: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])) };
}

/** One order's way through the saga. */
class OrderSaga {
  readonly #compensations: (() => Promise<void>)[] = [];

  constructor(
    private readonly order: OrderRequest,
    private readonly steps: SagaSteps,
    private readonly details: SagaDetails,
    private readonly cancellation: Cancellation,
  ) {}

  async run(): Promise<OrderResult> {
    const { order, steps, details } = this;
    const { orderId } = order;

    const pending = await steps.createPendingOrder(order);
    if (pending.outcome === 'conflict') return { orderId, state: 'CONFLICT' };
    if (pending.outcome === 'owned-by-other') return { orderId, state: 'NOT_OWNED', ownedBy: pending.sagaId };
    details.note(orderId, 'PENDING, waiting for credit');

    // Registered before its step: when the step's answer is lost, nobody knows whether it committed.
    this.#compensations.push(() => this.#releaseCredit());
    const credit = await steps.reserveCredit(order, this.cancellation).catch(outcomeUnknown);
    switch (credit.outcome) {
      case 'reserved':
        if (this.cancellation.requested) return this.#unwind('CUSTOMER_REQUEST');
        this.cancellation.close();
        details.note(orderId, 'credit reserved, being approved');
        return this.#approve();
      case 'rejected': // nothing is held, so there is nothing to compensate
        return this.#cancel(credit.reason);
      case 'released': // an earlier run of this saga gave the order up; its reason is in force
        return this.#unwind('CREDIT_CHECK_TIMEOUT');
      case 'unknown':
        details.note(orderId, `being cancelled: ${credit.reason}`);
        return this.#unwind(credit.reason);
      case 'bug':
        await this.#unwind('CREDIT_CHECK_TIMEOUT');
        throw credit.failure;
      case 'conflict': // the reservation under this id is somebody else's: not ours to release
        await this.#cancel('CREDIT_CHECK_TIMEOUT');
        throw sagaFailure('ReservationConflict', `credit of ${orderId} is reserved with other content`);
    }
  }

  /** After the pivot there is no way but forward: retried until it succeeds. */
  async #approve(): Promise<OrderResult> {
    const { orderId } = this.order;
    const approved = await this.steps.approveOrder({ orderId });
    if (approved.outcome === 'approved') return { orderId, state: 'APPROVED' };
    // It had been approved by an earlier run of this saga, and is being cancelled since.
    if (approved.state === 'CANCELLING') return { orderId, state: 'APPROVED' };
    // The order's row decides between two runs of this saga (its worker was taken for dead, and was not).
    if (approved.state === 'CANCELLED') return this.#unwind('CREDIT_CHECK_TIMEOUT');
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be approved: it is ${approved.state}`);
  }

  async #cancel(reason: CancellationReason): Promise<OrderResult> {
    const { orderId } = this.order;
    const { key: cancellationKey } = this.cancellation;
    this.cancellation.close();
    const cancelled = await this.steps.cancelOrder({ orderId, reason, cancellationKey });
    if (cancelled.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: cancelled.reason };
    if (cancelled.state === 'APPROVED' || cancelled.state === 'CANCELLING')
      return { orderId, state: 'APPROVED' };
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
  }

  /** Cancels the order at once, then compensates for as long as that takes. */
  async #unwind(reason: CancellationReason): Promise<OrderResult> {
    const result = await this.#cancel(reason);
    if (result.state !== 'CANCELLED') return result;
    for (const compensate of this.#compensations.reverse()) await compensate();
    return result;
  }

  async #releaseCredit(): Promise<void> {
    const { orderId } = this.order;
    this.details.note(orderId, 'CANCELLED, its credit being released');
    const released = await this.steps.releaseCredit(this.order).catch((failure: unknown) => {
      if (failure instanceof GivenUp) throw failure;
      throw sagaFailure('CompensationFailed', `credit of ${orderId} could not be released`, failure);
    });
    if (released.outcome === 'conflict') {
      throw sagaFailure('CompensationFailed', `credit of ${orderId} is reserved with other content`);
    }
  }
}
