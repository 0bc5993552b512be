/** What stands between the sagas' code and the model: one execution's side of what the code asks of Temporal. */
import type { Attempt, ModelSteps, StepName, StepResult } from './model-steps';

export type StepResults = readonly StepResult[];

/** A step that the code has asked for, in its own worker or on a task queue. */
export interface StepRequested {
  readonly name: StepName;
  readonly sagaId: string;
  readonly orderIds: readonly string[];
  /** Whether it runs on its task queue, where the server retries it, not in the worker's process. */
  readonly remote: boolean;
  /** How long one attempt may take, milliseconds. */
  readonly attemptMs: number;
  /** How long the server may retry it, milliseconds. */
  readonly windowMs: number;
  /**
   * @param failures in a row, from 1
   * @returns how long the server pauses before it retries the step, milliseconds
   */
  readonly pauseAfter: (failures: number) => number;
  execute(steps: ModelSteps, attempt: Attempt): StepResults;
}

export type SignalHandler = (argument: unknown) => void;

export type Memo = Readonly<Record<string, unknown>>;

/** How the code ends a run that is followed by another one. */
export interface NextRun {
  readonly input: unknown;
  readonly memo: Memo | undefined;
}

export interface WorkflowHost {
  readonly workflowId: string;
  readonly taskQueue: string;
  /** Events until the task that runs. */
  readonly historyLength: number;
  /** Milliseconds of the epoch, of the task that runs. */
  readonly now: number;
  readonly memo: Memo;
  /** Rejected when Temporal's own Cancel is asked for. */
  readonly cancelRequested: Promise<never>;
  /** Number of what has been asked for last. */
  readonly lastSeq: number;
  ask(step: StepRequested): Promise<StepResults>;
  /** Ends the wait for those that are remote steps. */
  cancel(seqs: readonly number[]): void;
  sleep(ms: number, summary: string): Promise<void>;
  condition(holds: () => boolean): Promise<void>;
  handleSignals(name: string, handler: SignalHandler): void;
  /** @param memo fields that change; null removes one */
  upsertMemo(memo: Memo): void;
  upsertSearchAttributes(): void;
  /** @returns the same when the saga is replayed */
  uuid(): string;
  /** @throws what the code lets end its run */
  continueAsNew(next: NextRun): Promise<never>;
}
