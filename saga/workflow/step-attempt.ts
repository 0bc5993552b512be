/** One attempt of a step for several subjects. Each subject gets its own answer. */
import type { Ask } from './ask';
import type { Attempts, Where } from './attempts';
import { now } from './clock';
import { type FailedAttempt, readFailure } from './failures';
import { SHORTEST_ATTEMPT_MS } from './limits';
import { idOf, type Settled, type Step, type StepAnswer } from './step';

const BUSY = 'its row is busy';

export interface AttemptOptions {
  readonly where: Where;
  /** How long the server may retry a step that must succeed on the task queue, milliseconds. */
  readonly windowMs: number;
  /** Whether timers end the waits at their deadlines. If not, the attempt ends at the first deadline. */
  readonly watchesDeadlines: boolean;
  /** The longest pause of the server's retries, milliseconds. */
  readonly longestPauseMs: number;
  /** Whether the step has already failed permanently. Then the server retries permanent failures too. */
  readonly failsPermanently: boolean;
  /** Receives a function that cancels the attempt when another one replaces it. */
  readonly superseded?: (cancel: () => void) => void;
}

/** Result of an attempt. */
export interface Attempted {
  /** Whether at least one subject got an answer. */
  readonly progressed: boolean;
  /** Why a subject got none; undefined when each got one. */
  readonly failed: FailedAttempt | undefined;
}

/**
 * Runs the step once and passes each subject its answer, if there is one.
 *
 * @throws an error that is not Temporal's: a bug in workflow code
 */
export async function attemptStep<Item extends object, Answer extends StepAnswer>(
  step: Step<Item, Answer>,
  asks: readonly Ask<Item, Answer>[],
  attempts: Attempts,
  { where, windowMs, watchesDeadlines, longestPauseMs, failsPermanently, superseded }: AttemptOptions,
): Promise<Attempted> {
  const windowOf = ({ deadline }: Ask<Item, Answer>) =>
    deadline ? Math.max(deadline.at - now(), SHORTEST_ATTEMPT_MS) : windowMs;
  const windows = new Map(asks.map((ask) => [ask, windowOf(ask)]));
  const mustSucceed = asks.some(({ deadline }) => deadline === undefined);
  const limits = {
    windowMs: watchesDeadlines
      ? mustSucceed
        ? windowMs
        : Math.max(...windows.values())
      : Math.min(...windows.values()),
    longestPauseMs,
    failsPermanently,
  };
  let answers: readonly Answer[];
  try {
    answers = await attempts.run(
      step,
      asks.map(({ item }) => item),
      where,
      limits,
      superseded,
    );
  } catch (error) {
    const failed = readFailure(error);
    if (failed.kind === 'permanent') for (const ask of asks) refuse(ask, failed.reason);
    // There is no time for another attempt before the deadline.
    if (failed.kind === 'window-over' && !watchesDeadlines)
      for (const [ask, ms] of windows)
        if (ask.deadline && ms <= limits.windowMs) ask.answer({ outcome: 'timed-out' });
    return { progressed: false, failed };
  }
  const byId = new Map(answers.map((answer) => [idOf(answer, step.key), answer]));
  const results = asks.filter(({ waits }) => waits).map((ask) => take(ask, byId.get(ask.subject), step));
  return {
    progressed: results.includes(undefined),
    failed: results.find((failed) => failed?.kind === 'permanent') ?? results.find((failed) => failed),
  };
}

/** @returns why the subject got no answer; undefined when it got one */
function take<Item, Answer extends StepAnswer>(
  ask: Ask<Item, Answer>,
  answer: Answer | undefined,
  { refusals }: Step<Item, Answer>,
): FailedAttempt | undefined {
  if (!answer) return refuse(ask, 'the step gave no answer');
  if (!isSettled(answer)) return { kind: 'busy', reason: BUSY };
  const reason = Object.entries<string | undefined>(refusals ?? {}).find(
    ([outcome]) => outcome === answer.outcome,
  )?.[1];
  if (reason !== undefined) return refuse(ask, reason);
  ask.answer(answer);
  return undefined;
}

/** Ends the wait for a step with a deadline as `failed`. A step that must succeed is parked for the reason instead. */
function refuse<Item, Answer>(ask: Ask<Item, Answer>, reason: string): FailedAttempt {
  if (ask.deadline) ask.answer({ outcome: 'failed', message: reason });
  return { kind: 'permanent', reason };
}

function isSettled<Answer extends StepAnswer>(answer: Answer): answer is Settled<Answer> {
  return answer.outcome !== 'busy';
}
