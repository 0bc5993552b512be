/** The `saga` object with which a saga's function tells the steps of an order: it answers from the history, and runs nothing. */
import type { CreateOrderSettings } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Saga, Settled, Step, StepAnswer } from '../../saga/workflow';
import { expectedAnswer } from './expected-answers';
import type { RecordedAnswers } from './recorded-answers';

/**
 * `answered`: it has its answer. `passed`: its wait was ended without one, by its deadline or a decision. `waiting`: the
 * order waits for it. `expected`: it comes later, if all goes straight.
 */
export interface PathStep {
  readonly state: 'answered' | 'passed' | 'waiting' | 'expected';
  readonly activity: string;
  readonly words: string;
  readonly deadlineMs: number | undefined;
  /** `seq` of its answer, or of what has ended the wait; undefined when it is not known. */
  readonly endSeq: number | undefined;
}

/** Temporal's Cancel has ended the wait for a step with a deadline. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** An operator has given up the step. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

export class OrderWalk implements Saga<CreateOrderSettings> {
  readonly steps: PathStep[] = [];
  readonly #undos: (() => Promise<unknown>)[] = [];
  #isRecorded = true;

  constructor(
    readonly settings: CreateOrderSettings,
    private readonly recorded: RecordedAnswers,
    private readonly state: OrderState,
    private readonly isCancelled: boolean,
  ) {}

  async step<Item extends object, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    item: Item,
    { undo, deadlineMs }: { readonly undo?: () => Promise<unknown>; readonly deadlineMs?: number } = {},
  ): Promise<Settled<Answer>> {
    await Promise.resolve();
    if (undo) this.#undos.push(undo);
    const found = this.#isRecorded ? this.recorded.next(step) : { state: 'expected' as const };
    const { activity, words } = step;
    const noted = { activity, words, deadlineMs };
    if (found.state === 'answered') {
      this.steps.push({ ...noted, state: 'answered', endSeq: found.seq });
      return answerOf(step, found.answer);
    }
    const isOver = found.state === 'passed' || (this.isCancelled && deadlineMs !== undefined);
    if (isOver && found.state !== 'expected') {
      const endSeq = found.state === 'passed' ? found.seq : undefined;
      this.steps.push({ ...noted, state: 'passed', endSeq });
      if (deadlineMs === undefined) throw new GivenUp(words);
      if (this.isCancelled) throw new Interrupted(words);
      return answerOf(step, { outcome: 'timed-out' });
    }
    // A cancelled saga requests no further step that has a deadline.
    if (this.isCancelled && deadlineMs !== undefined) throw new Interrupted(words);
    this.#isRecorded = false;
    this.steps.push({
      ...noted,
      state: found.state === 'expected' ? 'expected' : 'waiting',
      endSeq: undefined,
    });
    return answerOf(step, expectedAnswer(step, item, this.state));
  }

  commit(): void {
    // It only forbids deadlines.
  }

  async unwind<Unwound>(outcome: Unwound): Promise<Unwound> {
    for (const undo of this.#undos.splice(0).reverse()) await undo();
    return outcome;
  }
}

/** Checks only the outcome, as the engine does: the same step recorded the value, or the table of expected answers has it. */
function isAnswerOf<Item, Answer extends StepAnswer>(
  _: Step<Item, Answer>,
  value: unknown,
): value is Settled<Answer> {
  return typeof value === 'object' && value !== null && 'outcome' in value;
}

function answerOf<Item, Answer extends StepAnswer>(
  step: Step<Item, Answer>,
  value: unknown,
): Settled<Answer> {
  if (isAnswerOf(step, value)) return value;
  throw new TypeError(`${step.words} has no known answer`);
}
