/**
 * The steps as the saga sees them: one order in, one answer out. Behind each is a batch over the group,
 * run where the placement says.
 */
import { proxyLocalActivities, sleep, workflowInfo, type LocalActivityOptions } from '@temporalio/workflow';
import type {
  ApproveOrder,
  ApproveResult,
  Busy,
  CancelOrder,
  CancelResult,
  CreateOrderSagaInput,
  CreatePendingResult,
  CreditSteps,
  OrderRequest,
  OrderSteps,
  ReleaseResult,
  ReserveResult,
  StepRequest,
} from '../domain/contracts';
import {
  BUSY_FIRST_PAUSE_MS,
  BUSY_LONGEST_PAUSE_MS,
  SHORTEST_RESERVE_MS,
  UNTIL_DONE,
  within,
} from './activity-options';
import { CreditCheckTimeout } from './saga-failures';
import { StepBatch } from './step-batch';

type Settled<Result> = Exclude<Result, Busy>;

/** Each waits until the order's row is free; cancelling the order's scope ends the wait. */
export interface SagaSteps {
  createPendingOrder(order: OrderRequest): Promise<Settled<CreatePendingResult>>;
  /**
   * @throws CreditCheckTimeout when the customer's row stays locked past the credit check timeout
   * @throws ActivityFailure with retry state TIMEOUT or a TimeoutFailure as cause when the Customer
   *   Service stays away for as long
   */
  reserveCredit(order: OrderRequest): Promise<Settled<ReserveResult>>;
  approveOrder(order: ApproveOrder): Promise<Settled<ApproveResult>>;
  cancelOrder(order: CancelOrder): Promise<Settled<CancelResult>>;
  releaseCredit(order: OrderRequest): Promise<Settled<ReleaseResult>>;
}

type ReserveBefore = OrderRequest & { readonly deadline: number };

/**
 * @param beforeEachBatch called when a batch of steps is about to run, to refresh the saga's details
 */
export function sagaSteps(input: CreateOrderSagaInput, beforeEachBatch: () => void): SagaSteps {
  const { workflowId: sagaId } = workflowInfo();

  function asked<T>(orders: readonly T[], words: string, options: LocalActivityOptions) {
    beforeEachBatch();
    const many = orders.length === 1 ? 'one order' : `${String(orders.length)} orders`;
    const steps = proxyLocalActivities<OrderSteps & CreditSteps>({ ...options, summary: `${words} ${many}` });
    const request: StepRequest<T> = { sagaId, orders };
    return { steps, request };
  }

  const create = new StepBatch<OrderRequest, CreatePendingResult>((orders) => {
    const { steps, request } = asked(orders, 'create as PENDING:', UNTIL_DONE);
    return steps.createPendingOrders(request);
  });
  const reserve = new StepBatch<ReserveBefore, ReserveResult>((waiting) => {
    const latest = Math.max(...waiting.map(({ deadline }) => deadline));
    const timeoutMs = Math.max(latest - Date.now(), SHORTEST_RESERVE_MS);
    const orders = waiting.map(({ orderId, customerId, totalMinor, currency }) => ({
      orderId,
      customerId,
      totalMinor,
      currency,
    }));
    const { steps, request } = asked(orders, 'reserve credit for', within(timeoutMs));
    return steps.reserveCredit(request);
  });
  const approve = new StepBatch<ApproveOrder, ApproveResult>((orders) => {
    const { steps, request } = asked(orders, 'approve', UNTIL_DONE);
    return steps.approveOrders(request);
  });
  const cancel = new StepBatch<CancelOrder, CancelResult>((orders) => {
    const { steps, request } = asked(orders, 'cancel', UNTIL_DONE);
    return steps.cancelOrders(request);
  });
  const release = new StepBatch<OrderRequest, ReleaseResult>((orders) => {
    const { steps, request } = asked(orders, 'release credit of', UNTIL_DONE);
    return steps.releaseCredit(request);
  });

  return {
    createPendingOrder: (order) => untilFree(() => create.ask(order)),
    reserveCredit: (order) => {
      const deadline = Date.now() + input.creditCheckTimeoutMs;
      return untilFree(() => reserve.ask({ ...order, deadline }), deadline);
    },
    approveOrder: (order) => untilFree(() => approve.ask(order)),
    cancelOrder: (order) => untilFree(() => cancel.ask(order)),
    releaseCredit: (order) => untilFree(() => release.ask(order)),
  };
}

/** Asks again, after a growing pause, while somebody else holds the order's row. */
async function untilFree<Result extends { readonly outcome: string }>(
  ask: () => Promise<Result>,
  deadline = Infinity,
): Promise<Settled<Result>> {
  for (let pause = BUSY_FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, BUSY_LONGEST_PAUSE_MS)) {
    const result = await ask();
    if (isSettled(result)) return result;
    const left = deadline - Date.now();
    if (left <= 0) throw new CreditCheckTimeout();
    await sleep(Math.min(pause, left), { summary: 'its row is locked by somebody else' });
  }
}

function isSettled<Result extends { readonly outcome: string }>(result: Result): result is Settled<Result> {
  return result.outcome !== 'busy';
}
