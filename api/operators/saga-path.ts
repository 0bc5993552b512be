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
import type { Saga, SagaFunction } from '../../saga/workflow';
import { GivenUp, Interrupted, OrderWalk, type PathStep } from './order-walk';
import { RecordedAnswers } from './recorded-answers';
import type { SagaFact } from './saga-facts';

type OrderSagaFunction = SagaFunction<OrderToCancel, OrderResult, CreateOrderSettings>;

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
  const walk = new OrderWalk(
    settings,
    new RecordedAnswers(facts, orderId),
    state,
    isCancelled && !isCancellation,
  );
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
