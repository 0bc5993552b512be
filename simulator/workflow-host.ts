/** What stands between the sagas' code and the model: one execution's side of what the code asks of Temporal. */
import type { CancelOrderSagaInput } from '../domain/contracts';
import type { ModelSteps, StepName, StepResult } from './model-steps';
import type { Attempt } from './model-steps';

export type StepResults = readonly StepResult[];

/** A step that the code has asked for, on some worker's or on the customer service's task queue. */
export interface StepRequested {
  readonly name: StepName;
  readonly sagaId: string;
  readonly orderIds: readonly string[];
  /** Whether it runs on the customer service's task queue, not in the worker's process. */
  readonly remote: boolean;
  /** How long one attempt may take, milliseconds. */
  readonly timeoutMs: number;
  execute(steps: ModelSteps, attempt: Attempt): StepResults;
}

/** A `cancelOrderSaga` that another saga wants to have started. */
export interface ChildRequested {
  readonly workflowId: string;
  readonly input: CancelOrderSagaInput;
}

export interface UpdateHandler {
  readonly handle: (argument: unknown) => unknown;
  /** @throws what refuses the update */
  readonly validate: (argument: unknown) => void;
}

export interface WorkflowHost {
  readonly workflowId: string;
  /** Another in each task. */
  readonly historyLength: number;
  /** Milliseconds of the epoch, of the task that runs. */
  readonly now: number;
  /** Rejected when Temporal's own Cancel is asked for. */
  readonly cancelRequested: Promise<never>;
  ask(step: StepRequested): Promise<StepResults>;
  /** @throws WorkflowExecutionAlreadyStartedError when one with this id runs, or has completed */
  startChild(child: ChildRequested): Promise<void>;
  /** @returns the same when the saga is replayed */
  uuid(): string;
  sleep(ms: number): Promise<void>;
  condition(holds: () => boolean, timeoutMs: number | undefined): Promise<boolean>;
  setHandler(name: string, handler: UpdateHandler): void;
}
