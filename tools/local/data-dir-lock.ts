/**
 * Who uses a DATA_DIR: one start at a time. Keeps a record of its processes, so that after a `kill -9` the
 * next start finds and ends what was left running.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { StartError } from './start-error';

/** 12 s: a start that drains has 10. */
const END_WITHIN_MS = 12_000;
const POLL_MS = 50;

const processSchema = z.object({ name: z.string(), pid: z.number().int(), started: z.string() });
const recordSchema = z.object({
  start: processSchema.extend({ parent: z.number().int() }),
  servers: z.array(processSchema),
});

type OwnedProcess = z.infer<typeof processSchema>;

/** What `ps` knows of a process; `started` tells it from a later one with the same pid. */
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
   * Takes the DATA_DIR, after ending what an earlier start left behind.
   *
   * @param say told in words what was found and ended
   * @throws StartError when another start uses it
   */
  async take(say: (line: string) => void): Promise<void> {
    const record = this.#read();
    if (record) {
      const { start } = record;
      const running = look(start);
      // Its npm was killed: it is ending by itself, or would never end.
      if (running?.parent === start.parent) {
        throw new StartError(
          `npm start runs already on ${this.dataDir} (pid ${String(start.pid)}); stop it, or set DATA_DIR to another directory`,
        );
      }
      for (const left of [start, ...record.servers.reverse()]) {
        if (!look(left)) continue;
        say(`ending ${left.name} (pid ${String(left.pid)}), left by an earlier start`);
        await end(left);
      }
    }
    const own = look({ pid: process.pid });
    if (own) this.#write(own);
  }

  /** Remembers a server that this start has started. */
  add(name: string, pid: number | undefined): void {
    const running = pid === undefined ? undefined : look({ pid });
    if (pid === undefined || !running) return;
    this.#servers.push({ name, pid, started: running.started });
    const own = look({ pid: process.pid });
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
      return undefined; // cut short by a kill while it was written, before any server was started
    }
  }

  #write({ started }: Running): void {
    const start = { name: 'npm start', pid: process.pid, started, parent: process.ppid };
    writeFileSync(this.#file, JSON.stringify({ start, servers: this.#servers }, null, 2));
  }
}

/** The process, if it still runs and is the same one. */
function look({ pid, started }: { pid: number; started?: string }): Running | undefined {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
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

/** SIGINT is a fast shutdown to Postgres and an ordinary end to the others. */
async function end(left: OwnedProcess): Promise<void> {
  process.kill(left.pid, 'SIGINT');
  const deadline = Date.now() + END_WITHIN_MS;
  while (look(left)) {
    if (Date.now() > deadline) process.kill(left.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
