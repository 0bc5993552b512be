/**
 * Memory of our processes during a run: maximum of the first minute, of the last minute, and of the whole
 * run.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ManagedProcess } from './managed-process';

const EVERY_MS = 5_000;
const MINUTE_MS = 60_000;

/** Resident set sizes, MB. */
export interface MemoryOfProcess {
  readonly name: string;
  readonly firstMinute: number;
  readonly lastMinute: number;
  readonly most: number;
}

interface Sample {
  readonly at: number;
  readonly mb: number;
}

export class Memory {
  readonly #samples = new Map<string, Sample[]>();
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> = Promise.resolve();

  begin(processes: readonly ManagedProcess[]): void {
    this.#timer = setInterval(() => {
      this.#sampling = this.#sample(processes);
    }, EVERY_MS);
  }

  async end(): Promise<readonly MemoryOfProcess[]> {
    clearInterval(this.#timer);
    await this.#sampling;
    return [...this.#samples].map(([name, samples]) => {
      const [from = 0, to = 0] = [samples[0]?.at, samples.at(-1)?.at];
      const most = (some: readonly Sample[]) => Math.max(0, ...some.map(({ mb }) => mb));
      return {
        name,
        firstMinute: most(samples.filter(({ at }) => at <= from + MINUTE_MS)),
        lastMinute: most(samples.filter(({ at }) => at >= to - MINUTE_MS)),
        most: most(samples),
      };
    });
  }

  /** Omits a process that has just exited. */
  async #sample(processes: readonly ManagedProcess[]): Promise<void> {
    const names = new Map(processes.map(({ pid, name }) => [pid, name]));
    const pids = [...names.keys()].filter((pid) => pid !== undefined).join();
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', pids]).catch(() => ({
      stdout: '',
    }));
    for (const line of stdout.split('\n')) {
      const [pid, kilobytes] = line.trim().split(/\s+/).map(Number);
      const name = names.get(pid);
      if (name === undefined || kilobytes === undefined) continue;
      const samples = this.#samples.get(name) ?? [];
      samples.push({ at: performance.now(), mb: Math.round(kilobytes / 1024) });
      this.#samples.set(name, samples);
    }
  }
}
