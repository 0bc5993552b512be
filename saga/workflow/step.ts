/** The declaration of steps: the activity, where it runs, and how to read its answers. */
import type { StepRequest } from '../contract';

/** The answer for an item whose row is locked by another transaction. The engine retries the step for this item. */
export interface Busy {
  readonly outcome: 'busy';
}

/** What a step returns for one item. */
export interface StepAnswer {
  readonly outcome: string;
}

/** The answers of a step that the saga sees: all but {@link Busy}, which the engine retries. */
export type Settled<Answer> = Exclude<Answer, Busy>;

type OutcomeOf<Answer> = Answer extends StepAnswer ? Answer['outcome'] : never;

/** A service with steps. Each activity takes a list of items and returns an answer for each item, in any order. */
export interface Service<Activities> {
  /** Task queue of its activities when they do not run in the saga's own process. */
  readonly taskQueue: string;
  /** The property of items and answers that holds the subject's id. */
  readonly key: string;
  /** Never set: carries the activities' types. */
  readonly activities?: Activities;
}

type ItemOf<Activity> = Activity extends (request: StepRequest<infer Item>) => Promise<unknown>
  ? Item
  : never;
type AnswerOf<Activity> = Activity extends (request: never) => Promise<readonly (infer Answer)[]>
  ? Answer
  : never;

/** A step of a service, as {@link defineStep} makes it. */
export interface Step<Item, Answer> {
  /** Name of the activity. */
  readonly activity: string;
  readonly taskQueue: string;
  readonly key: string;
  /** The step in words, for summaries in the Temporal UI. */
  readonly words: string;
  /**
   * Outcomes with which a step has not succeeded, each with a reason in words. A step that must succeed is parked and
   * retried; a step with a deadline ends as `failed`.
   */
  readonly refusals?: Readonly<Partial<Record<OutcomeOf<Answer>, string>>> | undefined;
  /** The outcome with which a saga goes straight on: see {@link FastPath} in `saga/host`. Absent: not on the fast path. */
  readonly straight?: OutcomeOf<Answer> | undefined;
  /** Never set: carries the item's type. */
  readonly item?: Item;
}

/**
 * Declares a service. `Activities` is the type of its steps, by activity name.
 *
 * @param service its task queue, and the property of items and answers that holds the subject's id
 * @example
 * const stock = defineService<StockActivities>({ taskQueue: 'stock', key: 'parcelId' });
 */
export function defineService<Activities>(
  service: Pick<Service<Activities>, 'taskQueue' | 'key'>,
): Service<Activities> {
  return service;
}

/**
 * Declares a step of a service. The engine may run its activity twice, and at the same time. So the activity must be
 * idempotent, and must have an answer (such as `conflict`) for a known id with other content.
 *
 * @param activity name of the activity
 * @param options.words the step in words, for the Temporal UI and for operators
 * @param options.refusals outcomes that are no success, with reasons: see {@link Step.refusals}
 * @param options.straight the outcome with which a saga goes straight on: see {@link Step.straight}
 * @example
 * const reserveStock = defineStep(stock, 'reserveStock', { words: 'reserve stock', straight: 'reserved' });
 */
export function defineStep<Activities, Name extends keyof Activities & string>(
  { taskQueue, key }: Service<Activities>,
  activity: Name,
  options: Pick<
    Step<ItemOf<Activities[Name]>, AnswerOf<Activities[Name]>>,
    'words' | 'refusals' | 'straight'
  >,
): Step<ItemOf<Activities[Name]>, AnswerOf<Activities[Name]>> {
  return { activity, taskQueue, key, ...options };
}

/** @throws TypeError when an item or an answer has no id under the key of the service: a bug */
export function idOf(value: object, key: string): string {
  const id: unknown = Reflect.get(value, key);
  if (typeof id !== 'string') throw new TypeError(`an item or an answer of a step has no "${key}"`);
  return id;
}
