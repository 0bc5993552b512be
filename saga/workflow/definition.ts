/** What a saga is: its function, what the engine asks of its definition, and what it gives the function. */
import type { GivingUp, SagaInput, SagaResult, Unanswered } from '../contract';
import type { Settled, Step, StepAnswer } from './step';

/** What a saga's function does with its subject. */
export interface Saga<Settings> {
  readonly settings: Settings;
  /**
   * Runs a step that must succeed: it is retried until it has an answer, for as long as that takes. One that keeps
   * failing is parked: visible, and an operator can retry it or give it up.
   *
   * @param options.undo compensates the step; registered before the step runs, because a step whose answer is lost may
   *   have committed
   * @example
   * const parcel = await saga.step(createParcel, order, { undo: () => saga.step(dropParcel, order) });
   */
  step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    options?: { readonly undo?: () => Promise<unknown> },
  ): Promise<Settled<Answer>>;
  /**
   * Runs a step that may go without an answer: `timed-out` after the deadline, `failed` when it failed permanently. Then
   * nobody knows whether it has committed. Only before the pivot.
   *
   * @param options.deadlineMs milliseconds from the first attempt
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
   * The pivot: from here only forward. A step with a deadline is a bug after this.
   *
   * @example
   * saga.commit();
   * await saga.step(sendParcel, order);
   */
  commit(): void;
  /**
   * Runs the registered compensations, the last one first; each until it has succeeded.
   *
   * @returns the given outcome
   * @example
   * if (stock.outcome === 'sold-out') return saga.unwind({ state: 'REFUSED' });
   */
  unwind<Outcome>(outcome: Outcome): Promise<Outcome>;
}

export interface SagaDefinition<Subject, Outcome, Settings> {
  /** Of the workers that run the saga: they run the steps of this queue themselves. */
  readonly taskQueue: string;
  /** Id of a subject, unique among all of the saga type's. */
  readonly subject: (subject: Subject) => string;
  /** An outcome in words, for the Temporal UI. */
  readonly describe: (outcome: Outcome) => string;
  /**
   * What Temporal's Cancel means for each subject, also for one that has ended with an outcome; without it a cancel
   * changes nothing.
   *
   * @param outcome undefined when the wait for a step with a deadline was interrupted
   */
  readonly cancel?: (
    subject: Subject,
    saga: Saga<Settings>,
    outcome: Outcome | undefined,
  ) => Promise<Outcome>;
  /** Records an operator's decision to give up a step of the subject. */
  readonly recordGivingUp?: (subject: Subject, decision: GivingUp, saga: Saga<Settings>) => Promise<unknown>;
}

export type SagaFunction<Subject, Outcome, Settings> = (
  subject: Subject,
  saga: Saga<Settings>,
) => Promise<Outcome>;

export type SagaWorkflow<Subject, Outcome, Settings> = (
  input: SagaInput<Subject, Settings>,
) => Promise<SagaResult<Outcome>>;
