/**
 * How many events the history of this run has at most, counted by what the saga has asked for: the same on a replay. The
 * SDK's `historyLength` is not. When it reads a history again, a task in which a worker only reported that it was still at
 * a local step is read together with the task before it, and then the code sees the later one's length.
 */
import { sleep } from '@temporalio/workflow';

/** Scheduled, started, completed. */
const TASK = 3;
/** It is recorded with the task; the task may have been reported once meanwhile. */
const LOCAL_ATTEMPT = 1 + TASK;
/** Scheduled, started, ended. */
const REMOTE_ATTEMPT = 3 + TASK;
/** Started, fired. */
const TIMER = 2 + TASK;
/** A signal, the saga's start, or Temporal's Cancel. */
const MESSAGE = 1 + TASK;

export class EventCount {
  #events = MESSAGE;

  get events(): number {
    return this.#events;
  }

  attempt(where: 'local' | 'remote'): void {
    this.#events += where === 'local' ? LOCAL_ATTEMPT : REMOTE_ATTEMPT;
  }

  message(): void {
    this.#events += MESSAGE;
  }

  /** The memo or a search attribute changes, or an attempt on a task queue is cancelled. */
  command(): void {
    this.#events += 1;
  }

  /** Every timer of the engine. */
  sleep(ms: number, summary: string): Promise<void> {
    this.#events += TIMER;
    return sleep(ms, { summary });
  }
}
