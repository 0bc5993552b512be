/**
 * The other end of a fast path that crosses processes. A process of another service runs a step that the fast path
 * requests. When the workflow's attempt of this step comes to the same process over the task queue, it gets the same
 * answers, so the step runs once.
 *
 * The task queue stays the authority. An attempt that comes to another process, that comes later, or that finds a failure
 * or a locked row here, runs the step: it is idempotent.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { StepRequest } from '../contract';
import { FAST_PATH_MS } from './fast-path';

interface Requested {
  readonly items: readonly unknown[];
  readonly answers: Promise<unknown>;
}

/**
 * Runs the steps that the fast paths of other processes request, and passes their answers to the worker of this process.
 *
 * @example
 * const requestedSteps = new RequestedSteps();
 * const interceptors = { activity: [stepHeartbeat, retriedByServer, requestedSteps.shareAnswers(paymentSteps)] };
 * await Worker.create({ ...options, taskQueue: 'payments', activities: paymentSteps, interceptors });
 * const answers = await requestedSteps.run('takePayments', { sagaId, items: [booking] });
 */
export class RequestedSteps {
  /** By activity and saga. */
  readonly #requested = new Map<string, Requested>();
  #activities: object = {};

  /**
   * Makes the activity interceptor for the worker of the steps. Put it last, so that the ones before it see its answers.
   *
   * @param activities those of the worker; fast paths request them, too
   */
  shareAnswers(activities: object): ActivityInterceptorsFactory {
    this.#activities = activities;
    return ({ info: { activityType } }) => ({
      inbound: {
        execute: (input, next) => this.answers(activityType, input.args[0], () => next(input)),
      },
    });
  }

  /** @returns the answers of the activity; rejects with its failure */
  async run(activity: string, request: StepRequest<unknown>): Promise<unknown> {
    const execute: unknown = Object.hasOwn(this.#activities, activity)
      ? Reflect.get(this.#activities, activity)
      : undefined;
    if (typeof execute !== 'function') throw new TypeError(`there is no activity ${activity}`);
    const answers = (async () => {
      const result: unknown = await Reflect.apply(execute, undefined, [request]);
      return result;
    })();
    const key = keyOf(activity, request.sagaId);
    const requested = { items: request.items, answers };
    this.#requested.set(key, requested);
    setTimeout(() => {
      if (this.#requested.get(key) === requested) this.#requested.delete(key);
    }, FAST_PATH_MS).unref();
    return answers;
  }

  /**
   * Gives the answers to one attempt of the workflow: a further attempt runs the step. An attempt does not get a failure or
   * `busy`, with which the server would pause: by now, running the step may succeed.
   *
   * @returns the answers of a step for the workflow: those of the fast path's request, or else of `execute`
   */
  async answers(activity: string, request: unknown, execute: () => Promise<unknown>): Promise<unknown> {
    if (!isStepRequest(request)) return execute();
    const key = keyOf(activity, request.sagaId);
    const requested = this.#requested.get(key);
    if (!requested || !isDeepStrictEqual(requested.items, request.items)) return execute();
    this.#requested.delete(key);
    const answers = await requested.answers.catch(() => undefined);
    return isAnswered(answers) ? answers : execute();
  }
}

function keyOf(activity: string, sagaId: string): string {
  return `${activity} ${sagaId}`;
}

function isStepRequest(value: unknown): value is StepRequest<unknown> {
  if (typeof value !== 'object' || value === null || !('sagaId' in value && 'items' in value)) return false;
  return typeof value.sagaId === 'string' && Array.isArray(value.items);
}

function isAnswered(answers: unknown): boolean {
  return Array.isArray(answers) && answers.every(isSettled);
}

function isSettled(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'outcome' in answer && answer.outcome !== 'busy';
}
