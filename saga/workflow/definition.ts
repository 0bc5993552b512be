/** The types of a saga: its definition, its function, and the `saga` object that the function gets. */
import type { GivingUp, SagaInput, SagaResult, Unanswered } from '../contract';
import type { Settled, Step, StepAnswer } from './step';

/** The second argument of a saga's function: the operations on one subject. */
export interface Saga<Settings> {
  /** Configuration from the saga's input. */
  readonly settings: Settings;
  /**
   * Runs a step that must succeed: the engine retries it until it has an answer. A step that keeps failing is parked:
   * operators see it, and can retry it at once or give it up.
   *
   * @param options.undo the compensation of the step. It is registered before the step runs, because a step whose answer is
   *   lost may have committed
   * @returns the answer for this subject; never `busy`
   * @throws an internal error when an operator gives the step up. Do not catch it: the subject fails with `SagaGivenUp`
   * @example
   * const parcel = await saga.step(createParcel, order, { undo: () => saga.step(dropParcel, order) });
   */
  step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    options?: { readonly undo?: () => Promise<unknown> },
  ): Promise<Settled<Answer>>;
  /**
   * Runs a step with a deadline. Allowed only before the pivot. The result is `timed-out` after the deadline and `failed`
   * after a permanent failure; in both cases it is unknown whether the step has committed.
   *
   * @param options.deadlineMs milliseconds from the request of the step
   * @returns the answer for this subject, `timed-out` or `failed`
   * @throws TypeError after {@link commit}: a bug in the saga
   * @throws an internal error when Temporal's Cancel ends the wait. Do not catch it: the engine then calls `cancel` of the
   *   definition
   * @example
   * const stock = await saga.step(takeStock, order, { undo: () => saga.step(returnStock, order), deadlineMs: 30_000 });
   * if (stock.outcome === 'timed-out') return saga.unwind({ state: 'REFUSED' });
   */
  step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    options: { readonly undo?: () => Promise<unknown>; readonly deadlineMs: number },
  ): Promise<Settled<Answer> | Unanswered>;
  /**
   * Marks the pivot: from here the saga only goes forward. A later step with a deadline is a bug.
   *
   * @example
   * saga.commit();
   * await saga.step(sendParcel, order);
   */
  commit(): void;
  /**
   * Runs the registered compensations, the last one first, each until it has succeeded.
   *
   * @param outcome result of the saga for this subject
   * @returns the given outcome
   * @example
   * if (stock.outcome === 'sold-out') return saga.unwind({ state: 'REFUSED' });
   */
  unwind<Outcome>(outcome: Outcome): Promise<Outcome>;
}

export interface SagaDefinition<Subject, Outcome, Settings> {
  /** Task queue of the workers that run the saga. They also run the steps of services on this queue, as local activities. */
  readonly taskQueue: string;
  /** Id of a subject, unique among all subjects of this workflow type. */
  readonly subject: (subject: Subject) => string;
  /** An outcome in words, for the Temporal UI. No personal data. */
  readonly describe: (outcome: Outcome) => string;
  /**
   * Called for each subject on Temporal's Cancel, also for a subject that has ended with an outcome. Absent: Temporal's
   * Cancel changes nothing.
   *
   * @param outcome undefined when the cancel interrupted the wait for a step with a deadline
   * @returns the new outcome
   */
  readonly cancel?: (
    subject: Subject,
    saga: Saga<Settings>,
    outcome: Outcome | undefined,
  ) => Promise<Outcome>;
  /** Records that an operator gave up a step of the subject. Called before the subject fails with `SagaGivenUp`. */
  readonly recordGivingUp?: (subject: Subject, decision: GivingUp, saga: Saga<Settings>) => Promise<unknown>;
}

/** A saga, written for one subject. */
export type SagaFunction<Subject, Outcome, Settings> = (
  subject: Subject,
  saga: Saga<Settings>,
) => Promise<Outcome>;

/** The workflow that `defineSaga` makes of a saga. */
export type SagaWorkflow<Subject, Outcome, Settings> = (
  input: SagaInput<Subject, Settings>,
) => Promise<SagaResult<Outcome>>;

/** What `defineSaga` returns. */
export type DefinedSaga<Subject, Outcome, Settings> = SagaWorkflow<Subject, Outcome, Settings> & {
  /** The saga's function, for the fast path. */
  readonly run: SagaFunction<Subject, Outcome, Settings>;
};
