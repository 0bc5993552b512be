/**
 * The contract between a saga's workflow, its steps and the processes that start it. The types are plain JSON. The module
 * imports nothing from Node or Temporal, so every side can import it.
 */

/**
 * Where the steps of other services run. `colocated`: in the saga's own process first. `distributed`: always on the
 * task queue of their service.
 */
export type Placement = 'colocated' | 'distributed';

/** Input of every workflow that the engine runs. */
export interface SagaInput<Subject, Settings = unknown> {
  /** Part of the input, so that a replay takes the same path. */
  readonly placement: Placement;
  /** 1 to 50, with distinct ids. */
  readonly subjects: readonly Subject[];
  /** Configuration of the saga's own code. */
  readonly settings: Settings;
  /** How long a step that must succeed may keep failing before it is parked, milliseconds; 60,000 by default. */
  readonly parkAfterMs?: number | undefined;
  /** The longest pause between two attempts of a step, milliseconds; 300,000 by default. */
  readonly longestPauseMs?: number | undefined;
  /** Set by the engine when a saga continues as new. */
  readonly carried?: Carried | undefined;
}

/** The result of every workflow that the engine runs: one outcome for each subject, in the order of the input. */
export interface SagaResult<Outcome> {
  readonly outcomes: readonly Outcome[];
}

/** Input of a step: one item for each subject that waits for it. */
export interface StepRequest<Item> {
  /** Workflow id of the saga that runs the step. */
  readonly sagaId: string;
  readonly items: readonly Item[];
  /** Present when the attempt runs on a task queue. */
  readonly retried?: RetriedByServer | undefined;
}

/** Results that the server retries by itself, without a history event. The saga does not see them. */
export interface RetriedByServer {
  /** The attempt fails when every item has the same outcome and it is one of these. */
  readonly outcomes: readonly string[];
  /** Whether the server retries permanent failures too. True once the saga has parked the step for such a failure. */
  readonly permanentFailures: boolean;
}

/**
 * Result of a step with a deadline that ended without an answer: the deadline passed, or the step failed permanently.
 * Whether the step has committed is unknown.
 */
export type Unanswered =
  { readonly outcome: 'timed-out' } | { readonly outcome: 'failed'; readonly message: string };

/** An operator's decision to stop retrying a step. */
export interface GivingUp {
  /** UUID. A decision with a known id is not recorded again. */
  readonly id: string;
  /** The step in words. */
  readonly step: string;
  /** Name of the operator, as the request states it. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A parked step: it must succeed and keeps failing. */
export interface ParkedStep {
  /** The step in words. */
  readonly step: string;
  /** Reason of the failure for which it was parked. */
  readonly reason: string;
  /** Time of its first failure, ISO 8601. */
  readonly since: string;
  /** Ids of the subjects that wait for it. */
  readonly subjects: readonly string[];
}

/** Argument of the signal `retryStep`: attempt parked steps now. */
export interface RetryStepRequest {
  /** Name of the operator: 1 to 100 characters. */
  readonly by: string;
  /** Id of the subject whose step is meant; every parked step when absent. */
  readonly subject?: string | undefined;
}

/** Argument of the signal `giveUpStep`: stop retrying parked steps. */
export interface GiveUpStepRequest extends RetryStepRequest {
  /** 1 to 500 characters. */
  readonly reason: string;
}

/** Names of the signals that every saga handles: they retry or give up its parked steps. */
export const RETRY_STEP = 'retryStep';
export const GIVE_UP_STEP = 'giveUpStep';

/** Memo field with the {@link ParkedStep}s of a saga; absent or empty when there are none. Readable without a worker. */
export const PARKED_MEMO = 'parked';

/** Search attribute (keyword list) with the words of a saga's parked steps; unset when there are none. */
export const NEEDS_ATTENTION_ATTRIBUTE = 'NeedsAttention';

/**
 * Failure type of a local attempt in a process that cannot run the step. The saga then uses the step's task
 * queue.
 */
export const STEP_RUNS_ELSEWHERE = 'StepRunsElsewhere';

/** A step of a subject that has ended, with or without an answer. */
export interface JournalEntry {
  /** Name of the activity. */
  readonly activity: string;
  readonly answer?: unknown;
  /** Set when Temporal's Cancel ended the wait. */
  readonly cancelled?: true;
  /** Set when an operator gave the step up. */
  readonly givenUp?: GivingUp;
}

/** What a run of a saga passes to the next run when it continues as new. */
export interface Carried {
  /** By subject id. */
  readonly subjects: Readonly<Record<string, CarriedSubject>>;
  /** By activity name, for each step that subjects wait for. */
  readonly waiting: Readonly<Record<string, CarriedWait>>;
  readonly parked: readonly ParkedStep[];
  readonly cancelRequested: boolean;
}

/** State of one subject for the next run. */
export interface CarriedSubject {
  readonly journal: readonly JournalEntry[];
  /** Deadline of the step that it waits for. */
  readonly deadline?: Deadline | undefined;
}

/** When the wait for a step ends without an answer. */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The whole time that the step has, milliseconds. */
  readonly afterMs: number;
}

/** State of the wait for one step, for the next run. */
export interface CarriedWait {
  /** Consecutive rounds that left a subject without an answer; at most 3 after a round in which another got one. */
  readonly failures: number;
  /** Time of the first failure, epoch milliseconds. */
  readonly since: number;
  readonly reason: string;
  readonly parked: boolean;
}
