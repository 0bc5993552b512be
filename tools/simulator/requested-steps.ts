/** The steps as the sagas' code calls them: each call becomes a request that the model carries out when it is its turn. */
import type { StepRequest } from '../../domain/contracts';
import type { Attempt, ModelSteps, StepName } from './model-steps';
import { strictPrototype } from './strict-objects';
import type { StepResults, WorkflowHost } from './workflow-host';

interface RetryOptions {
  readonly initialInterval?: number;
  readonly backoffCoefficient?: number;
  readonly maximumInterval?: number;
}

export interface StepOptions {
  /** Milliseconds. */
  readonly startToCloseTimeout?: number;
  readonly scheduleToCloseTimeout?: number;
  readonly retry?: RetryOptions;
}

export type Requested = Record<StepName, (request: StepRequest<never>) => Promise<StepResults>>;

type Asked<Name extends StepName> = Parameters<ModelSteps[Name]>[0];

const onlySteps = strictPrototype('the steps');

export function requestedSteps(host: WorkflowHost, options: StepOptions, remote: boolean): Requested {
  const { startToCloseTimeout: attemptMs = 0, scheduleToCloseTimeout: windowMs = attemptMs } = options;
  const pauseAfter = pausesOf(options.retry);
  function step<Item extends { readonly orderId: string }>(
    name: StepName,
    execute: (steps: ModelSteps, request: StepRequest<Item>, attempt: Attempt) => StepResults,
  ) {
    return (request: StepRequest<Item>) =>
      host.ask({
        name,
        sagaId: request.sagaId,
        orderIds: request.items.map(({ orderId }) => orderId),
        remote,
        attemptMs,
        windowMs,
        pauseAfter,
        execute: (steps, attempt) => execute(steps, request, attempt),
      });
  }
  return onlySteps({
    createPendingOrders: step('createPendingOrders', (all, request: Asked<'createPendingOrders'>, attempt) =>
      all.createPendingOrders(request, attempt),
    ),
    approveOrders: step('approveOrders', (all, request: Asked<'approveOrders'>, attempt) =>
      all.approveOrders(request, attempt),
    ),
    cancelOrders: step('cancelOrders', (all, request: Asked<'cancelOrders'>, attempt) =>
      all.cancelOrders(request, attempt),
    ),
    requestCancellations: step(
      'requestCancellations',
      (all, request: Asked<'requestCancellations'>, attempt) => all.requestCancellations(request, attempt),
    ),
    giveUpOrders: step('giveUpOrders', (all, request: Asked<'giveUpOrders'>, attempt) =>
      all.giveUpOrders(request, attempt),
    ),
    reserveCredit: step('reserveCredit', (all, request: Asked<'reserveCredit'>, attempt) =>
      all.reserveCredit(request, attempt),
    ),
    releaseCredit: step('releaseCredit', (all, request: Asked<'releaseCredit'>, attempt) =>
      all.releaseCredit(request, attempt),
    ),
  });
}

/** By default as Temporal pauses. */
function pausesOf({ initialInterval = 1_000, backoffCoefficient = 2, maximumInterval }: RetryOptions = {}) {
  const longest = maximumInterval ?? 100 * initialInterval;
  return (failures: number) => Math.min(initialInterval * backoffCoefficient ** (failures - 1), longest);
}
