/**
 * An upper bound of the number of history events of this run, counted from what the saga has requested, so a replay
 * counts the same. The SDK's `historyLength` may differ: on a replay, a task that was only a heartbeat for a local
 * activity is read together with the task before it, and the code sees the length of the later one.
 */
import { sleep } from '@temporalio/workflow';
import { CONTINUE_AFTER_EVENTS } from './limits';

/** Workflow task: scheduled, started, completed. */
const TASK = 3;
/** Its marker is recorded with the task. The worker may have sent one heartbeat for the task before. */
const LOCAL_ATTEMPT = 1 + TASK;
/** Activity scheduled, started, ended. */
const REMOTE_ATTEMPT = 3 + TASK;
/** Timer started, fired. */
const TIMER = 2 + TASK;
/** The start, a signal, or Temporal's Cancel. */
const MESSAGE = 1 + TASK;

export class EventCount {
  #events = MESSAGE;

  /** Whether the run should continue as new at the next opportunity. */
  get isLong(): boolean {
    return this.#events > CONTINUE_AFTER_EVENTS;
  }

  attempt(where: 'local' | 'remote'): void {
    this.#events += where === 'local' ? LOCAL_ATTEMPT : REMOTE_ATTEMPT;
  }

  message(): void {
    this.#events += MESSAGE;
  }

  /** Call for each change of the memo or a search attribute, and for each cancelled attempt on a task queue. */
  command(): void {
    this.#events += 1;
  }

  /** Every timer of the engine is started here. */
  sleep(ms: number, summary: string): Promise<void> {
    this.#events += TIMER;
    return sleep(ms, { summary });
  }
}
