/**
 * Locks a DATA_DIR, so that one start uses it at a time. Records the start's processes, so that after a `kill -9`
 * the next start finds and ends the remaining ones.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { oneAtATime } from './one-at-a-time.cjs';
import { serverEnvironment } from './server-environment';
import { StartError } from './start-error';

/** 12 s: a graceful shutdown takes at most 10 s. */
const KILL_AFTER_MS = 12_000;
const POLL_MS = 50;

const processSchema = z.object({ name: z.string(), pid: z.number().int(), started: z.string() });
const recordSchema = z.object({
  start: processSchema.extend({ parent: z.number().int() }),
  servers: z.array(processSchema),
});

type OwnedProcess = z.infer<typeof processSchema>;

/** A process as `ps` reports it. `started` distinguishes it from a later process with the same pid. */
interface Running {
  readonly parent: number;
  readonly started: string;
}

export class DataDirLock {
  readonly #file: string;
  readonly #servers: OwnedProcess[] = [];

  constructor(private readonly dataDir: string) {
    this.#file = path.join(dataDir, 'run.json');
  }

  /**
   * Ends the processes that an earlier start left running, then takes the lock.
   *
   * @param report gets a line for each process that is ended
   * @throws StartError when another start uses the DATA_DIR
   */
  take(report: (line: string) => void): Promise<void> {
    return oneAtATime(this.dataDir, () => this.#take(report));
  }

  async #take(report: (line: string) => void): Promise<void> {
    const record = this.#read();
    if (record) {
      const { start } = record;
      const running = findProcess(start);
      // With another parent, its npm was killed: that start is stopping or stuck, and is ended below.
      if (running?.parent === start.parent) {
        throw new StartError(
          `npm start already runs on ${this.dataDir} (pid ${String(start.pid)}); stop it, or set DATA_DIR to another directory`,
        );
      }
      for (const left of [start, ...record.servers.reverse()]) {
        if (!findProcess(left)) continue;
        report(`ending ${left.name} (pid ${String(left.pid)}), left by an earlier start`);
        await end(left);
      }
    }
    const own = findProcess({ pid: process.pid });
    if (own) this.#write(own);
  }

  /** Records a server of this start. */
  add(name: string, pid: number | undefined): void {
    const running = pid === undefined ? undefined : findProcess({ pid });
    if (pid === undefined || !running) return;
    this.#servers.push({ name, pid, started: running.started });
    const own = findProcess({ pid: process.pid });
    if (own) this.#write(own);
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }

  #read() {
    if (!existsSync(this.#file)) return undefined;
    try {
      return recordSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return undefined; // a kill interrupted the write, before any server was started
    }
  }

  #write({ started }: Running): void {
    const start = { name: 'npm start', pid: process.pid, started, parent: process.ppid };
    writeFileSync(this.#file, JSON.stringify({ start, servers: this.#servers }, null, 2));
  }
}

/** @returns undefined when the process has ended, or another one has its pid */
function findProcess({ pid, started }: { pid: number; started?: string }): Running | undefined {
  try {
    // Another language or time zone would make another text of the same start.
    const env = serverEnvironment('/');
    const line = execFileSync('ps', ['-o', 'ppid=,stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    }).trim();
    const [, parent, state, since] = /^(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (parent === undefined || since === undefined || state?.startsWith('Z')) return undefined;
    if (started !== undefined && started !== since) return undefined;
    return { parent: Number(parent), started: since };
  } catch {
    return undefined; // ps found no such process
  }
}

/** SIGINT requests a fast shutdown of Postgres, and an ordinary one of the other processes. */
async function end(left: OwnedProcess): Promise<void> {
  process.kill(left.pid, 'SIGINT');
  const deadline = Date.now() + KILL_AFTER_MS;
  while (findProcess(left)) {
    if (Date.now() > deadline) process.kill(left.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
