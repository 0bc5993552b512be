/**
 * Inputs that Temporal may deliver to a saga next: a timer, the result of a remote step, a signal or Cancel.
 */
import type { Action } from './action';
import type { Answer, Job } from './activation';
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';
import type { World } from './world';

export interface Delivery {
  readonly saga: SagaRun;
  readonly words: () => string;
  /** Called once, on delivery. */
  readonly job: (world: World) => Job;
  /** Signals come first in a task, whenever they arrived. */
  readonly isSignal?: true;
}

export function deliver(delivery: Delivery): Action {
  const { saga, words, job } = delivery;
  return { words, happen: (world) => world.deliver(saga, [job(world)]) };
}

/** Both in one task: the worker gets it only after the second. */
export function deliverTogether(first: Delivery, second: Delivery): Action {
  const { saga } = first;
  return {
    words: () => `${first.words()}; in the same task: ${second.words()}`,
    happen: (world) => world.deliver(saga, [first.job(world), second.job(world)]),
  };
}

function timerFires(saga: SagaRun, seq: number): Delivery {
  return {
    saga,
    words: () => `${saga.sagaId} has waited long enough${summaryOf(saga, seq)}`,
    job: (world) => {
      world.passUntil(saga.execution.timers.get(seq)?.due ?? 0);
      saga.timersFired += 1;
      return { kind: 'timer', seq };
    },
  };
}

function summaryOf({ execution }: SagaRun, seq: number): string {
  const { summary = '' } = execution.timers.get(seq) ?? {};
  return summary === '' ? '' : ` (${summary})`;
}

/** @param ends why the step has no answer; undefined when it has one */
export function remoteStepEnds(
  call: StepCall,
  saga: SagaRun,
  ends?: { readonly words: string; readonly failure: (world: World) => Error },
): Delivery {
  return {
    saga,
    words: () => `${call.words} ${ends?.words ?? `is answered: ${call.answerWords}`}`,
    job: (world) => {
      const answer: Answer = ends ? { failure: ends.failure(world) } : world.answerOf(call);
      return world.take(call, answer);
    },
  };
}

/** Every timer of the saga that runs. */
export function timersOf(saga: SagaRun, due = Infinity): Delivery[] {
  if (saga.outcome) return [];
  return [...saga.execution.timers]
    .filter(([seq, timer]) => saga.isScheduled(seq) && timer.due <= due)
    .map(([seq]) => timerFires(saga, seq));
}
