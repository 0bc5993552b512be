/** Waits for one step of a saga in any of several processes, and holds at most one connection there. */
import type { Held, Request, Watcher } from './proxied-connection';
import { orderIdsOf, type Step, stepOf, reportsResult } from './step-recognition';

export const MOMENTS = [
  'before its statement',
  'after its commit, before its reply',
  'after its completion',
] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Caught<Process> {
  readonly process: Process;
  readonly held: Held;
  /** The server that the held message is for or from. */
  readonly at: Request['to'];
  /** The orders of the step. */
  readonly orderIds: readonly string[];
}

/** A statement of the step that is in progress, or whose reply its process has. */
interface Seen<Process> {
  readonly process: Process;
  readonly connection: Held;
  readonly orderIds: readonly string[];
  answered: boolean;
}

export class Breakpoint<Process> {
  /** The statement that is followed; other statements of the step pass. */
  #seen: Seen<Process> | undefined;
  #open = true;

  constructor(
    private readonly step: Step,
    private readonly moment: Moment,
    private readonly caught: (caught: Caught<Process>) => void,
  ) {}

  /** @returns the watcher for all proxies of the process */
  watcherOf(process: Process): Watcher {
    return {
      asked: (request, connection) => this.#open && this.#asked(request, connection, process),
      answered: (failed, connection) => this.#open && this.#answered(failed, connection),
      closed: (connection) => {
        if (this.#seen?.connection === connection && !this.#seen.answered) this.#seen = undefined;
      },
    };
  }

  /** From now on nothing is held. */
  close(): void {
    this.#open = false;
  }

  #asked(request: Request, connection: Held, process: Process): boolean {
    const seen = this.#seen;
    if (seen) {
      if (!seen.answered || seen.process !== process || !this.#completes(request, seen)) return false;
      return this.#catch({ ...seen, connection }, request.to);
    }
    if (request.to !== 'database' || stepOf(request.words()) !== this.step) return false;
    this.#seen = { process, connection, orderIds: orderIdsOf(request.words()), answered: false };
    return this.moment === 'before its statement' && this.#catch(this.#seen);
  }

  #answered(failed: boolean, connection: Held): boolean {
    const seen = this.#seen;
    if (seen?.connection !== connection || seen.answered) return false;
    // A failed statement committed nothing, so the next one is followed.
    if (failed) this.#seen = undefined;
    else if (this.moment === 'after its completion') seen.answered = true;
    else return this.#catch(seen);
    return false;
  }

  /**
   * Whether the request proves that its process has completed the step: it reports the result, or belongs to
   * the next step.
   */
  #completes(request: Request, { orderIds }: Seen<Process>): boolean {
    const words = request.words();
    if (request.to === 'temporal') return reportsResult(words, this.step, orderIds);
    const next = stepOf(words);
    return (
      next !== undefined &&
      next !== this.step &&
      orderIdsOf(words).some((orderId) => orderIds.includes(orderId))
    );
  }

  #catch({ process, connection, orderIds }: Seen<Process>, at: Request['to'] = 'database'): true {
    this.close();
    this.caught({ process, held: connection, at, orderIds });
    return true;
  }
}
