/**
 * The way of one order through its saga. It runs the saga's own function with the answers of the history: the function
 * requests the steps that have ended, then the step that the order waits for. From there it gets the answers of the shortest
 * way to its end, so it names the steps that remain. Nothing runs and nothing is stored.
 */
import type {
  CreateOrderSettings,
  GivingUp,
  OrderRequest,
  OrderResult,
  OrderToCancel,
} from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Saga, SagaFunction, Settled, Step, StepAnswer } from '../../saga/workflow';
import { expectedAnswer } from './expected-answers';
import { RecordedAnswers } from './recorded-answers';
import type { SagaFact } from './saga-facts';

export type OrderSagaFunction = SagaFunction<OrderToCancel, OrderResult, CreateOrderSettings>;

/** The functions of the sagas. */
export interface OrderSagas {
  readonly create: OrderSagaFunction;
  /** Also what the saga of the order does on Temporal's Cancel, with its outcome if it has one. */
  readonly cancel: (order: OrderToCancel, saga: Saga<unknown>, outcome?: OrderResult) => Promise<OrderResult>;
  /** Runs when an operator has given up a step. */
  readonly recordGivingUp: (order: OrderRequest, decision: GivingUp, saga: Saga<unknown>) => Promise<unknown>;
}

/** Only its step counts. */
const SOME_DECISION: GivingUp = { id: '', step: '', by: '', reason: '', at: '' };

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

/**
 * @param facts of the saga
 * @param state of the order, which decides what a cancellation has to do
 * @returns undefined when the history has no input for the order
 */
export async function pathOf(
  facts: readonly SagaFact[],
  orderId: string,
  { create, cancel, recordGivingUp }: OrderSagas,
  { isCancellation, state }: { readonly isCancellation: boolean; readonly state: OrderState },
): Promise<readonly PathStep[] | undefined> {
  const started = facts.find((fact) => fact.kind === 'started');
  const subject = started?.input.subjects.find((each) => each.orderId === orderId);
  if (!started || !subject) return undefined;
  const isCancelled = facts.some(
    (fact) =>
      fact.kind === 'cancel-requested' || (fact.kind === 'started' && fact.input.carried?.cancelRequested),
  );
  const settings = { creditCheckTimeoutMs: started.input.settings?.creditCheckTimeoutMs ?? 0 };
  const walk = new Walk(settings, new RecordedAnswers(facts, orderId), state, isCancelled && !isCancellation);
  const order: OrderToCancel = subject;
  try {
    const outcome = await (isCancellation ? cancel : create)(order, walk).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
      return undefined;
    });
    if (isCancelled && !isCancellation) await cancel(order, walk, outcome);
  } catch (error) {
    // Otherwise the order's saga fails.
    if (error instanceof GivenUp) await recordGivingUp(order, SOME_DECISION, walk).catch(() => undefined);
  }
  const end = facts.find(({ kind }) => kind === 'ended');
  if (!end) return walk.steps;
  return walk.steps.flatMap((step): PathStep[] => {
    if (step.state === 'expected') return [];
    return [step.state === 'waiting' ? { ...step, state: 'passed', endSeq: end.seq } : step];
  });
}

/** Temporal's Cancel has ended the wait for a step with a deadline. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** An operator has given up the step. */
class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

class Walk implements Saga<CreateOrderSettings> {
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
