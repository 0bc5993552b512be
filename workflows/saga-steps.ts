/**
 * The steps as the saga sees them: one order in, one answer out. Behind each is a batch over the group,
 * run where the placement says.
 */
import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type {
  ApproveOrder,
  ApproveResult,
  CancelOrder,
  CancelResult,
  CreatePendingResult,
  CreditSteps,
  GiveUpOrder,
  GiveUpResult,
  OrderRequest,
  OrderSteps,
  Placement,
  ReleaseResult,
  CancellationRequest,
  RequestCancellationResult,
  ReserveResult,
  SagaFlags,
  StepRequest,
} from '../domain/contracts';
import {
  ATTENTION_AFTER_MS,
  LONGEST_PAUSE_MS,
  LONGEST_RESERVE_PAUSE_MS,
  oneLocalAttempt,
  remoteStep,
} from './activity-options';
import type { Attention } from './attention';
import type { Cancellation } from './cancellation';
import { LocalResults } from './local-results';
import { runsElsewhere } from './saga-failures';
import { StepBatch, type StepBatchOptions } from './step-batch';
import type { Settled } from './step-run';
import type { Turn } from './turn';

/**
 * Each is asked again until its row is free and its service is there. Only the wait for credit ends when the
 * order is cancelled.
 *
 * @throws GivenUp when an operator gave the step up
 * @throws TemporalFailure when `reserveCredit` failed for good: a bug
 */
export interface SagaSteps {
  createPendingOrder(order: OrderRequest): Promise<Settled<CreatePendingResult>>;
  /**
   * @throws StepTimeout when there is no answer within the credit check timeout
   * @throws CancellationRequested when the order is cancelled before there is an answer
   */
  reserveCredit(order: OrderRequest, cancellation: Cancellation): Promise<Settled<ReserveResult>>;
  approveOrder(order: ApproveOrder): Promise<Settled<ApproveResult>>;
  cancelOrder(order: CancelOrder): Promise<Settled<CancelResult>>;
  requestCancellation(order: CancellationRequest): Promise<Settled<RequestCancellationResult>>;
  releaseCredit(order: OrderRequest): Promise<Settled<ReleaseResult>>;
  giveUpOrder(order: GiveUpOrder): Promise<Settled<GiveUpResult>>;
}

export interface SagaStepsOptions extends SagaFlags {
  readonly placement: Placement;
  /** How long `reserveCredit` may take, milliseconds. */
  readonly creditCheckTimeoutMs?: number;
  /** After how long a step that must succeed needs attention, milliseconds. */
  readonly attentionAfterMs?: number | undefined;
}

type AllSteps = OrderSteps & CreditSteps;

/**
 * Not interruptible either: before the pivot, because an order that may have been acknowledged must exist
 * before it can be cancelled; after it, because there is no way but forward, or back to the end.
 */
const MUST_SUCCEED = { timeoutMs: Infinity, longestPauseMs: LONGEST_PAUSE_MS } as const;

/**
 * @param turn of the saga's orders; a batch runs when it ends
 * @param attention told of steps that keep failing
 * @param beforeEachAttempt called when a batch is about to run, to refresh the saga's details
 */
export function sagaSteps(
  {
    placement,
    creditCheckTimeoutMs = Infinity,
    attentionAfterMs = ATTENTION_AFTER_MS,
    resultsOneByOne,
    limitsByTimer = false,
  }: SagaStepsOptions,
  turn: Turn,
  attention: Attention,
  beforeEachAttempt: () => void,
): SagaSteps {
  const { workflowId: sagaId } = workflowInfo();
  // The placement is where the saga began; a worker of the other placement may carry it on.
  let creditStepsAreHere = placement === 'colocated';

  const results = new LocalResults();

  const here = (leftMs: number, summary: string) =>
    proxyLocalActivities<AllSteps>({ summary, ...oneLocalAttempt(leftMs) });
  const whereCreditIs = (leftMs: number, summary: string) =>
    creditStepsAreHere
      ? here(leftMs, summary)
      : proxyActivities<AllSteps>({ summary, ...remoteStep(leftMs, attentionAfterMs) });

  function batch<
    Item extends { readonly orderId: string },
    Result extends { readonly orderId: string; readonly outcome: string },
  >(
    words: string,
    steps: typeof here,
    run: (steps: AllSteps, request: StepRequest<Item>) => Promise<Result[]>,
    limits: Pick<StepBatchOptions<Item, Result>, 'timeoutMs' | 'longestPauseMs' | 'refusal'> = MUST_SUCCEED,
  ) {
    return new StepBatch<Item, Result>({
      words,
      turn,
      attention,
      attentionAfterMs,
      limitsByTimer,
      attempt: (orders, leftMs) => {
        beforeEachAttempt();
        const count = orders.length === 1 ? 'one order' : `${String(orders.length)} orders`;
        const isLocal = steps === here || creditStepsAreHere;
        const work = run(steps(leftMs, `${words}: ${count}`), { sagaId, orders });
        return isLocal && resultsOneByOne ? results.oneByOne(work) : work;
      },
      onFailure: (failure) => {
        if (runsElsewhere(failure)) creditStepsAreHere = false;
      },
      ...limits,
    });
  }

  const create = batch<OrderRequest, CreatePendingResult>('create as PENDING', here, (steps, orders) =>
    steps.createPendingOrders(orders),
  );
  const reserve = batch<OrderRequest, ReserveResult>(
    'reserve credit',
    whereCreditIs,
    (steps, orders) => steps.reserveCredit(orders),
    {
      timeoutMs: creditCheckTimeoutMs,
      longestPauseMs: LONGEST_RESERVE_PAUSE_MS,
    },
  );
  const approve = batch<ApproveOrder, ApproveResult>('approve', here, (steps, orders) =>
    steps.approveOrders(orders),
  );
  const cancel = batch<CancelOrder, CancelResult>('cancel', here, (steps, orders) =>
    steps.cancelOrders(orders),
  );
  const requestCancel = batch<CancellationRequest, RequestCancellationResult>(
    'request cancellation',
    here,
    (steps, orders) => steps.requestCancellations(orders),
  );
  const release = batch<OrderRequest, ReleaseResult>(
    'release credit',
    whereCreditIs,
    (steps, orders) => steps.releaseCredit(orders),
    {
      refusal: ({ outcome }) =>
        outcome === 'conflict' ? 'credit is reserved with other content' : undefined,
      ...MUST_SUCCEED,
    },
  );
  const giveUp = batch<GiveUpOrder, GiveUpResult>('record that it was given up', here, (steps, orders) =>
    steps.giveUpOrders(orders),
  );

  return {
    createPendingOrder: (order) => create.ask(order),
    reserveCredit: (order, cancellation) => reserve.ask(order, cancellation),
    approveOrder: (order) => approve.ask(order),
    cancelOrder: (order) => cancel.ask(order),
    requestCancellation: (order) => requestCancel.ask(order),
    releaseCredit: (order) => release.ask(order),
    giveUpOrder: (order) => giveUp.ask(order),
  };
}
