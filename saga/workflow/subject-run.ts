/** The run of a saga for one subject. */
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { CarriedSubject, Deadline, Unanswered } from '../contract';
import type { Ask } from './ask';
import { now } from './clock';
import type { Saga, SagaDefinition, SagaFunction } from './definition';
import { CancelRequested, GivenUp, sagaFailure } from './failures';
import { Journal } from './journal';
import type { Settled, Step, StepAnswer } from './step';
import type { StepQueue } from './step-queue';

/** The part of a saga that its subjects use. */
export interface SagaOfSubject<Settings> {
  readonly settings: Settings;
  readonly cancelRequested: boolean;
  queue<Item extends object, Answer extends StepAnswer>(step: Step<Item, Answer>): StepQueue<Item, Answer>;
  /** Parks a failed compensation. Resolves when it should run again. */
  parkUndo(subject: string, reason: string): Promise<void>;
}

interface StepOptions {
  readonly undo?: () => Promise<unknown>;
  readonly deadlineMs?: number;
}

export type Ended<Outcome> = { readonly outcome: Outcome } | { readonly failure: ApplicationFailure };

export class SubjectRun<Subject, Outcome, Settings> implements Saga<Settings> {
  readonly id: string;
  readonly settings: Settings;
  readonly #journal: Journal;
  readonly #undos: (() => Promise<unknown>)[] = [];
  #resumed: Deadline | undefined;
  #asks:
    { readonly words: string; readonly ask: Pick<Ask<never, never>, 'deadline' | 'interrupt'> } | undefined;
  #committed = false;
  #ended: Ended<Outcome> | undefined;

  constructor(
    private readonly subject: Subject,
    private readonly definition: SagaDefinition<Subject, Outcome, Settings>,
    private readonly forward: SagaFunction<Subject, Outcome, Settings>,
    private readonly saga: SagaOfSubject<Settings>,
    before: CarriedSubject | undefined,
  ) {
    this.id = definition.subject(subject);
    this.settings = saga.settings;
    this.#journal = new Journal(before?.journal);
    this.#resumed = before?.deadline;
  }

  /** Undefined while the subject is running. */
  get ended(): Ended<Outcome> | undefined {
    return this.#ended;
  }

  /** The state of the subject in words, for the Temporal UI. */
  get progress(): string {
    if (!this.#ended) return this.#asks?.words ?? 'begun';
    return 'outcome' in this.#ended
      ? this.definition.describe(this.#ended.outcome)
      : this.#ended.failure.message;
  }

  get carried(): CarriedSubject {
    const deadline = this.#asks?.ask.deadline ?? this.#resumed;
    return { journal: this.#journal.entries, ...(deadline && { deadline }) };
  }

  /** @throws a bug in workflow code. Every other failure becomes the end of the subject */
  run(): Promise<void> {
    return this.#toEnd(async () => {
      const { cancel } = this.definition;
      let outcome: Outcome | undefined;
      try {
        outcome = await this.forward(this.subject, this);
        if (!cancel || !this.saga.cancelRequested) return outcome;
      } catch (failure) {
        if (!cancel || !(failure instanceof CancelRequested)) throw failure;
      }
      return cancel(this.subject, this, outcome);
    });
  }

  /** On Temporal's Cancel: ends a wait that has a deadline. */
  interrupt(): void {
    if (this.#asks?.ask.deadline) this.#asks.ask.interrupt(new CancelRequested('cancelled while it waited'));
  }

  /** On Temporal's Cancel, for a subject that has ended. */
  cancel(): Promise<void> {
    const { cancel } = this.definition;
    const ended = this.#ended;
    if (!cancel || !ended || !('outcome' in ended)) return Promise.resolve();
    return this.#toEnd(() => cancel(this.subject, this, ended.outcome));
  }

  step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    options?: Pick<StepOptions, 'undo'>,
  ): Promise<Settled<Answer>>;
  step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    options: StepOptions & { readonly deadlineMs: number },
  ): Promise<Settled<Answer> | Unanswered>;
  async step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    { undo, deadlineMs }: StepOptions = {},
  ): Promise<Settled<Answer> | Unanswered> {
    if (this.#committed && deadlineMs !== undefined)
      throw new TypeError(`${step.activity} has a deadline after the pivot`);
    if (undo) this.#undos.push(undo);
    const { activity } = step;
    const recalled = this.#journal.recall(activity);
    if (recalled && isAnswerOf(step, recalled.answer)) return recalled.answer;
    try {
      const answer = await this.#ask(step, item, deadlineMs);
      this.#journal.note({ activity, answer });
      return answer;
    } catch (failure) {
      this.#journal.noteFailure(activity, failure);
      throw failure;
    } finally {
      this.#asks = undefined;
    }
  }

  commit(): void {
    this.#committed = true;
  }

  async unwind<Unwound>(outcome: Unwound): Promise<Unwound> {
    for (const undo of this.#undos.splice(0).reverse()) await this.#undo(undo);
    return outcome;
  }

  #ask<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    deadlineMs: number | undefined,
  ): Promise<Settled<Answer> | Unanswered> {
    const bounded = deadlineMs !== undefined;
    if (bounded && this.saga.cancelRequested && this.definition.cancel)
      return Promise.reject(new CancelRequested('cancelled before its next step'));
    const deadline = bounded ? (this.#resumed ?? { at: now() + deadlineMs, afterMs: deadlineMs }) : undefined;
    this.#resumed = undefined;
    return this.saga.queue(step).ask({ subject: this.id, item, deadline }, (ask) => {
      this.#asks = { words: step.words, ask };
    });
  }

  /** A failed compensation never fails the saga: what the subject still holds must stay visible. */
  async #undo(undo: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await undo();
        return;
      } catch (failure) {
        if (!(failure instanceof TemporalFailure)) throw failure;
        await this.saga.parkUndo(this.id, failure.message);
      }
    }
  }

  async #toEnd(work: () => Promise<Outcome>): Promise<void> {
    this.#ended = undefined;
    try {
      this.#ended = { outcome: await work() };
    } catch (failure) {
      this.#ended = { failure: await this.#failureOf(failure) };
    }
  }

  async #failureOf(failure: unknown): Promise<ApplicationFailure> {
    if (failure instanceof ApplicationFailure) return failure;
    if (!(failure instanceof GivenUp)) throw failure;
    try {
      await this.definition.recordGivingUp?.(this.subject, failure.givingUp, this);
    } catch (again) {
      // An operator gave up this step too. Then the signal in the history is the only record.
      if (!(again instanceof GivenUp)) throw again;
    }
    return sagaFailure('SagaGivenUp', failure.message);
  }
}

/** Checks only that there is an outcome: the same step noted the value, so the rest has the step's type. */
function isAnswerOf<Item, Answer extends StepAnswer>(
  _: Step<Item, Answer>,
  value: unknown,
): value is Settled<Answer> | Unanswered {
  return typeof value === 'object' && value !== null && 'outcome' in value;
}
