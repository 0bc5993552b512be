/** The history of one run of a saga, event by event, as the server keeps it and as the SDK reads it again. */
import type { Activation, Job, StepEnded } from './activation';

type Event =
  /** A timer has fired, a signal or a step's answer has come … */
  | { readonly kind: 'delivered'; readonly job: Job }
  /** The first of the two events of a step that ran on its task queue. */
  | { readonly kind: 'step started' | 'task scheduled' | 'task completed' | 'task timed out' }
  | { readonly kind: 'task started'; readonly at: number }
  | { readonly kind: 'command'; readonly words: string }
  /** The result of a local step: a command too. */
  | { readonly kind: 'marker'; readonly result: LocalResult };

export interface LocalResult {
  readonly job: StepEnded;
  readonly at: number;
}

/** What a new worker gets in one activation, and the commands that the code must issue then. */
export interface Chunk {
  readonly activation: Activation;
  readonly results: readonly LocalResult[];
  readonly commands: readonly string[];
}

/** Scheduled, started, completed. */
const TASK = 3;

export class History {
  readonly #events: Event[] = [];
  #unexpected = 0;

  get length(): number {
    return this.#events.length;
  }

  /** Without the events of lost and of reported tasks, and of Temporal's Cancel, which a saga may ignore. */
  get expectedLength(): number {
    return this.length - this.#unexpected;
  }

  /** Temporal delivers jobs in a new task. */
  task(jobs: readonly Job[], at: number): Activation {
    if (jobs.length === 0) this.#unexpected += TASK;
    for (const job of jobs) {
      if (job.kind === 'cancel') this.#unexpected += 1 + TASK;
      if (job.kind === 'step') this.#events.push({ kind: 'step started' });
      this.#events.push({ kind: 'delivered', job });
    }
    this.#events.push({ kind: 'task scheduled' }, { kind: 'task started', at });
    return { at, historyLength: this.length, jobs };
  }

  /** A worker completes its task, or sends a heartbeat of it. */
  completed(results: readonly LocalResult[], commands: readonly string[]): void {
    this.#events.push({ kind: 'task completed' });
    for (const result of results) this.#events.push({ kind: 'marker', result });
    for (const words of commands) this.#events.push({ kind: 'command', words });
  }

  /** A worker has not completed its task: another one gets it. */
  timedOut(at: number): void {
    this.#unexpected += TASK;
    this.#events.push({ kind: 'task timed out' }, { kind: 'task scheduled' }, { kind: 'task started', at });
  }

  /** @returns whether the task that began with this event is under way */
  isOpen(startedId: number): boolean {
    return startedId === this.length;
  }

  /**
   * As the SDK cuts a history into pieces: a piece ends with the start of a task, but for tasks that were lost, and for
   * tasks without a command that another one follows at once (a worker that reported nothing but that it was still at it).
   */
  *chunks(): Generator<Chunk> {
    let from = 0;
    while (from < this.#events.length) {
      const end = this.#endOfChunk(from);
      const begun = this.#events[end - 1];
      // After the last task, or in a completed history.
      if (begun?.kind !== 'task started') return;
      const next = this.#endOfChunk(end);
      const jobs = this.#events
        .slice(from, end)
        .flatMap((event) => (event.kind === 'delivered' ? [event.job] : []));
      const after = this.#events.slice(end, next);
      yield {
        activation: { at: begun.at, historyLength: end, jobs },
        results: after.flatMap((event) => (event.kind === 'marker' ? [event.result] : [])),
        commands: after.flatMap((event) => (event.kind === 'command' ? [event.words] : [])),
      };
      from = end;
    }
  }

  /** @returns the index after its last event */
  #endOfChunk(from: number): number {
    let sawCommand = false;
    for (let index = from; index < this.#events.length; index += 1) {
      const kind = this.#events[index]?.kind;
      if (kind === 'command' || kind === 'marker') sawCommand = true;
      if (kind !== 'task started') continue;
      const next = this.#events[index + 1]?.kind;
      if (next === 'task timed out') continue;
      const reported = next === 'task completed' && this.#events[index + 2]?.kind === 'task scheduled';
      if (sawCommand || !reported) return index + 1;
    }
    return this.#events.length;
  }
}
