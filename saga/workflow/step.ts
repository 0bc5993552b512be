/** The declaration of a saga's steps: which activity, where it runs, and how to read its answers. */
import type { StepRequest } from '../contract';

/** An answer of a step that says: another transaction holds a row that this item needs; the engine retries it. */
export interface Busy {
  readonly outcome: 'busy';
}

export interface StepAnswer {
  readonly outcome: string;
}

/** What remains of a step's answers for the saga: the engine retries the busy ones. */
export type Settled<Answer> = Exclude<Answer, Busy>;

type OutcomeOf<Answer> = Answer extends StepAnswer ? Answer['outcome'] : never;

/** A service's activities: each takes a list of items and returns an answer per item, in any order. */
export interface Service<Activities> {
  /** Where its activities run when they do not run in the saga's own process. */
  readonly taskQueue: string;
  /** The property of items and answers that has the subject's id. */
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

export interface Step<Item, Answer> {
  /** Name of the activity. */
  readonly activity: string;
  readonly taskQueue: string;
  readonly key: string;
  /** The step in words, for summaries in the Temporal UI. */
  readonly words: string;
  /**
   * Outcomes that are no answer of a step that must succeed, each with its reason in words: the step is parked and
   * retried.
   */
  readonly refusals?: Readonly<Partial<Record<OutcomeOf<Answer>, string>>> | undefined;
  /** Never set: carries the item's type. */
  readonly item?: Item;
}

/**
 * Declares a service that has steps.
 *
 * @example
 * const stock = defineService<StockActivities>({ taskQueue: 'stock', key: 'parcelId' });
 */
export function defineService<Activities>(
  service: Pick<Service<Activities>, 'taskQueue' | 'key'>,
): Service<Activities> {
  return service;
}

/**
 * Declares a step of a service. Its activity must be idempotent, and must answer for the same id with other content
 * what is to be done then: the engine may run it twice, and at the same time.
 *
 * @example
 * const reserveStock = defineStep(stock, 'reserveStock', { words: 'reserve stock' });
 */
export function defineStep<Activities, Name extends keyof Activities & string>(
  { taskQueue, key }: Service<Activities>,
  activity: Name,
  options: Pick<Step<ItemOf<Activities[Name]>, AnswerOf<Activities[Name]>>, 'words' | 'refusals'>,
): Step<ItemOf<Activities[Name]>, AnswerOf<Activities[Name]>> {
  return { activity, taskQueue, key, ...options };
}

/** @throws TypeError when an item or an answer has no id under the service's key: a bug */
export function idOf(value: object, key: string): string {
  const id: unknown = Reflect.get(value, key);
  if (typeof id !== 'string') throw new TypeError(`an item or an answer of a step has no "${key}"`);
  return id;
}
