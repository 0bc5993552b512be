/**
 * The fast path of a saga that starts alone. When the start has returned, the process that started it runs the steps of the
 * straight path at once: with the saga's own function, and with the activities that the workflow uses. When the workflow
 * requests such a step, it gets the same result, so the step runs once. A step of a service in another process is requested
 * there (`requested-steps.ts`).
 *
 * The workflow stays the authority. The fast path ends at the first answer that is not the straight one, at the first
 * failure, and when it takes long. From there only the workflow continues. A step that the fast path runs is like an attempt
 * whose saga has lost its answer: the rows decide (ADR 22).
 */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Saga, SagaFunction, Settled, Step, StepAnswer } from '../workflow';

/**
 * 1 s, like an attempt in the saga's own process: afterwards the workflow makes its next attempt, and the fast path must
 * neither begin another step nor pass on an answer.
 */
export const FAST_PATH_MS = 1_000;

export interface FastPathOptions<Subject, Settings> {
  /** The saga's function, the `run` of the saga that `defineSaga` returns. */
  readonly run: SagaFunction<Subject, unknown, Settings>;
  readonly settings: Settings;
  /**
   * For steps of services in other processes, by activity name: requests the step there, where {@link RequestedSteps} runs
   * it. Each needs a time limit below {@link FAST_PATH_MS}. Without a request, such a step ends the fast path.
   */
  readonly requests?: object | undefined;
}

/**
 * Runs the straight path of sagas that this process has started.
 *
 * @example
 * const fastPath = new FastPath({ run: bookSeat.run, settings });
 * const activities = { ...seatSteps, ...paymentSteps };
 * const interceptors = { activity: [fastPath.shareSteps(activities), stepHeartbeat, retriedByServer] };
 * await Worker.create({ ...options, activities, interceptors });
 * const starter = new GroupStarter({ ...starterOptions, fastPath });
 */
export class FastPath<Subject, Settings> {
  readonly #sagas = new Map<string, SharedSteps>();
  #activities: object = {};

  constructor(private readonly options: FastPathOptions<Subject, Settings>) {}

  /**
   * Runs the straight path of a saga whose start has returned.
   *
   * @returns whether the saga has reached its end on the straight path; never rejects
   */
  async run(sagaId: string, subject: Subject): Promise<boolean> {
    const { run, settings } = this.options;
    const steps = new SharedSteps();
    this.#sagas.set(sagaId, steps);
    const timeout = setTimeout(() => {
      steps.end();
      this.#sagas.delete(sagaId);
    }, FAST_PATH_MS);
    timeout.unref();
    try {
      await run(subject, straightSaga(sagaId, settings, this.#activities, steps));
      return true;
    } catch {
      // The workflow gets the same answer or failure, and handles it.
      return false;
    }
  }

  /**
   * Makes the activity interceptor for the worker that runs the sagas: it passes the results of the fast path to the workflow.
   *
   * @param activities those of the worker; the fast path runs them, too
   */
  shareSteps(activities: object): ActivityInterceptorsFactory {
    this.#activities = { ...activities, ...this.options.requests };
    return ({ info: { isLocal, workflowExecution, activityType } }) => ({
      inbound: {
        execute: (input, next) =>
          isLocal && workflowExecution
            ? this.sharedResult(workflowExecution.workflowId, activityType, () => next(input))
            : next(input),
      },
    });
  }

  /** @returns the result of a step for the workflow: that of the fast path, or else of `execute` */
  sharedResult(sagaId: string, activity: string, execute: () => Promise<unknown>): Promise<unknown> {
    const steps = this.#sagas.get(sagaId);
    return steps ? steps.forWorkflow(activity, execute) : execute();
  }
}

/** Ends the fast path. The saga's function must not catch it. */
class NotStraight extends Error {
  override readonly name = 'NotStraight';
}

interface Shared {
  readonly for: 'fast path' | 'workflow';
  readonly result: Promise<unknown>;
}

/** The steps of one saga that the fast path or, first, its workflow has begun. */
class SharedSteps {
  readonly #steps = new Map<string, Shared>();
  #ended = false;

  end(): void {
    this.#ended = true;
  }

  /** @throws NotStraight when the fast path may no longer begin a step */
  forFastPath(activity: string, execute: () => Promise<unknown>): Promise<unknown> {
    const before = this.#steps.get(activity);
    if (before) return before.result;
    if (this.#ended) return Promise.reject(new NotStraight(`too late for ${activity}`));
    return this.#note(activity, 'fast path', execute());
  }

  /** Gives each result to one attempt of the workflow: a further attempt runs the step. */
  forWorkflow(activity: string, execute: () => Promise<unknown>): Promise<unknown> {
    const before = this.#steps.get(activity);
    if (before?.for !== 'fast path') return this.#note(activity, 'workflow', execute());
    this.#steps.delete(activity);
    return before.result;
  }

  #note(activity: string, by: Shared['for'], result: Promise<unknown>): Promise<unknown> {
    this.#steps.set(activity, { for: by, result });
    // Callers that await the result handle its failure. If there is none, the failure must not end the process.
    result.catch(() => undefined);
    return result;
  }
}

/** The `saga` object of the saga's function on the fast path. */
function straightSaga<Settings>(
  sagaId: string,
  settings: Settings,
  activities: object,
  steps: SharedSteps,
): Saga<Settings> {
  return {
    settings,
    step: async <Item extends object, Answer extends StepAnswer>(
      step: Step<Item, Answer>,
      item: Item,
    ): Promise<Settled<Answer>> => {
      const { activity, straight } = step;
      const execute: unknown = Reflect.get(activities, activity);
      if (straight === undefined || typeof execute !== 'function')
        throw new NotStraight(`${activity} is not on the fast path`);
      const answers = await steps.forFastPath(activity, async () => {
        const result: unknown = await Reflect.apply(execute, undefined, [{ sagaId, items: [item] }]);
        return result;
      });
      const answer: unknown = Array.isArray(answers) ? answers[0] : undefined;
      if (!isStraight(step, answer)) throw new NotStraight(`${activity} was not answered with ${straight}`);
      return answer;
    },
    commit: () => undefined,
    unwind: () => Promise.reject(new NotStraight('the saga unwinds')),
  };
}

/** Checks only the outcome: the activity of the step, or its request, made the value, so the rest has the step's type. */
function isStraight<Item, Answer extends StepAnswer>(
  { straight }: Step<Item, Answer>,
  value: unknown,
): value is Settled<Answer> {
  return typeof value === 'object' && value !== null && 'outcome' in value && value.outcome === straight;
}
