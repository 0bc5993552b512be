/** Waits at one step of a saga, in whichever process comes there first, and catches one connection, or none. */
import type { Held, Request, Watcher } from './proxied-connection';
import { orderIdsOf, type Step, stepOf, tellsResult } from './step-recognition';

export const MOMENTS = [
  'before its statement',
  'after its commit, before its reply',
  'after its completion',
] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Caught<Process> {
  readonly process: Process;
  readonly held: Held;
  /** Where it was on its way to, or came from. */
  readonly at: Request['to'];
  /** Those that the step is about. */
  readonly orderIds: readonly string[];
}

/** A statement of the step is under way, or has been answered to its process. */
interface Seen<Process> {
  readonly process: Process;
  readonly connection: Held;
  readonly orderIds: readonly string[];
  answered: boolean;
}

export class Breakpoint<Process> {
  /** The one statement that it has to do with; others of the step pass. */
  #seen: Seen<Process> | undefined;
  #open = true;

  constructor(
    private readonly step: Step,
    private readonly moment: Moment,
    private readonly caught: (caught: Caught<Process>) => void,
  ) {}

  /** For all proxies of the process. */
  watcherOf(process: Process): Watcher {
    return {
      asked: (request, connection) => this.#open && this.#asked(request, connection, process),
      answered: (failed, connection) => this.#open && this.#answered(failed, connection),
      closed: (connection) => {
        if (this.#seen?.connection === connection && !this.#seen.answered) this.#seen = undefined;
      },
    };
  }

  /** Nothing is caught from now on. */
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
    // Nothing was committed: the next one may be.
    if (failed) this.#seen = undefined;
    else if (this.moment === 'after its completion') seen.answered = true;
    else return this.#catch(seen);
    return false;
  }

  /** Whether only a process that has completed the step says this: it tells the result, or is at the next step. */
  #completes(request: Request, { orderIds }: Seen<Process>): boolean {
    const words = request.words();
    if (request.to === 'temporal') return tellsResult(words, this.step, orderIds);
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
