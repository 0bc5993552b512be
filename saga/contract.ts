/**
 * What a saga's workflow, its steps and the processes that start it agree on. Plain JSON, and nothing of Node or of
 * Temporal, so that every side can import it.
 */

/**
 * Where the steps of other services run: `colocated` tries them in the saga's own process, `distributed` sends each to
 * its service's task queue.
 */
export type Placement = 'colocated' | 'distributed';

/** The argument of every workflow that the engine runs. */
export interface SagaInput<Subject, Settings = unknown> {
  /** Part of the input so that a replay takes the path that was taken. */
  readonly placement: Placement;
  /** 1 to 50, with distinct ids. */
  readonly subjects: readonly Subject[];
  /** What the saga's own code is configured with. */
  readonly settings: Settings;
  /** How long a step that must succeed may fail before it is reported as parked, milliseconds; 60,000 by default. */
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

/** A step's argument: what is asked for each subject, and the workflow id of the saga that asks. */
export interface StepRequest<Item> {
  readonly sagaId: string;
  readonly items: readonly Item[];
  /** Set for an attempt on a task queue. */
  readonly retried?: RetriedByServer | undefined;
}

/** What the server retries without the saga's knowledge: that costs no history event. */
export interface RetriedByServer {
  /** Outcomes: when every item gets one of them, the attempt has failed. */
  readonly outcomes: readonly string[];
  /** Whether a permanent failure is retried too: the saga knows of it, and the step is parked. */
  readonly permanentFailures: boolean;
}

/**
 * The answers that a step can give without an answer: the deadline has passed, or it failed permanently. Whether the
 * step has committed is unknown.
 */
export type Unanswered =
  { readonly outcome: 'timed-out' } | { readonly outcome: 'failed'; readonly message: string };

/** An operator's decision to stop retrying a step. */
export interface GivingUp {
  /** UUID: the same decision is recorded once. */
  readonly id: string;
  /** The step in words. */
  readonly step: string;
  /** Who decided, as they called themselves. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A step that must succeed and keeps failing. */
export interface ParkedStep {
  /** In words. */
  readonly step: string;
  /** Why it failed when it was parked. */
  readonly reason: string;
  /** When it failed first, ISO 8601. */
  readonly since: string;
  /** The ids of the subjects that wait for it. */
  readonly subjects: readonly string[];
}

/** Argument of the signal `retryStep`. */
export interface RetryStepRequest {
  /** Who wants it: 1 to 100 characters. */
  readonly by: string;
  /** Only this subject's step; every parked step when absent. */
  readonly subject?: string | undefined;
}

/** Argument of the signal `giveUpStep`. */
export interface GiveUpStepRequest extends RetryStepRequest {
  /** 1 to 500 characters. */
  readonly reason: string;
}

/** Signals of every saga: an operator has parked steps retried at once, or given up. */
export const RETRY_STEP = 'retryStep';
export const GIVE_UP_STEP = 'giveUpStep';

/** Memo field of every saga: its {@link ParkedStep}s; absent or empty when there are none. Readable without a worker. */
export const PARKED_MEMO = 'parked';

/** Keyword list with the parked steps of a saga; unset when there are none. */
export const NEEDS_ATTENTION_ATTRIBUTE = 'NeedsAttention';

/**
 * Failure type of a step that was asked for in a process that cannot run it: the saga asks on the step's task queue
 * from then on.
 */
export const STEP_RUNS_ELSEWHERE = 'StepRunsElsewhere';

/** One step of a subject that has come to an end: with an answer, or without. */
export interface JournalEntry {
  readonly activity: string;
  readonly answer?: unknown;
  /** Temporal's Cancel ended the wait. */
  readonly cancelled?: true;
  /** An operator gave it up. */
  readonly givenUp?: GivingUp;
}

/** What a run of a saga hands to the next one. */
export interface Carried {
  /** By subject id. */
  readonly subjects: Readonly<Record<string, CarriedSubject>>;
  /** By activity: the steps that a subject waits for. */
  readonly waiting: Readonly<Record<string, CarriedWait>>;
  readonly parked: readonly ParkedStep[];
  readonly cancelRequested: boolean;
}

export interface CarriedSubject {
  readonly journal: readonly JournalEntry[];
  /** Of the step that it waits for. */
  readonly deadline?: Deadline | undefined;
}

/** When the wait for a step ends without an answer. */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number;
  /** How long the step may take altogether, milliseconds. */
  readonly afterMs: number;
}

export interface CarriedWait {
  /** Rounds in a row that have left somebody without an answer; at most 3 after one in which somebody has had one. */
  readonly failures: number;
  /** When it failed first, epoch milliseconds. */
  readonly since: number;
  readonly reason: string;
  readonly parked: boolean;
}
