/** The steps as the sagas' code calls them: each call becomes a request that the model carries out when it is its turn. */
import type { StepRequest } from '../../domain/contracts';
import { CREDIT_STEPS, ORDER_STEPS, type StepName } from './model-steps';
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

const onlySteps = strictPrototype('the steps');

export function requestedSteps(
  host: Pick<WorkflowHost, 'ask'>,
  options: StepOptions,
  remote: boolean,
): Requested {
  const { startToCloseTimeout: attemptMs = 0, scheduleToCloseTimeout: windowMs = attemptMs } = options;
  const pauseAfter = pausesOf(options.retry);
  const requested = [...ORDER_STEPS, ...CREDIT_STEPS].map((name) => {
    const ask = (request: StepRequest<never>) =>
      host.ask({
        name,
        sagaId: request.sagaId,
        orderIds: idsOf(request),
        remote,
        attemptMs,
        windowMs,
        pauseAfter,
        execute: (steps, attempt) => steps[name](request, attempt),
      });
    return [name, ask] as const;
  });
  return onlySteps(Object.fromEntries(requested) as Requested);
}

function idsOf({ items }: StepRequest<{ readonly orderId: string }>): string[] {
  return items.map(({ orderId }) => orderId);
}

/** By default as Temporal pauses. */
function pausesOf({ initialInterval = 1_000, backoffCoefficient = 2, maximumInterval }: RetryOptions = {}) {
  const longest = maximumInterval ?? 100 * initialInterval;
  return (failures: number) => Math.min(initialInterval * backoffCoefficient ** (failures - 1), longest);
}
