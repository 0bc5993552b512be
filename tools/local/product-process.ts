/** A process of the compiled product, whoever starts it: `npm start`, the bench, the fault suite, a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, childOf, stopChild } from './child';
import { ROOT } from '../../platform/project-paths';

const READY_POLL_MS = 50;

/** 1 s: one that is suspended does not answer. */
const ANSWER_WITHIN_MS = 1_000;

/** What a process without HTTP logs when it is ready. */
const READY_WORDS = /"msg":"(ready|relaying)"/;

/** 2,000 lines, the last ones: a process that fails says the same over and over. */
const LINES_KEPT = 2_000;

/** 20 of them in an error. */
const LINES_SHOWN = 20;

export interface ProductProcessOptions {
  readonly name: string;
  readonly script: 'api/main.js' | 'workers/main.js' | 'workers/relay-main.js';
  /** Folder of the compiled project; this one's unless it is given. */
  readonly build?: string;
  /** 127.0.0.1 unless it is given. */
  readonly host?: string;
  /** Of its HTTP; undefined where it has none: then it is ready when it logs so. */
  readonly port: number | undefined;
  /** All of its environment, but `HOST` and `PORT`. */
  readonly env: NodeJS.ProcessEnv;
  /** In a process group of its own, which Ctrl-C does not reach. */
  readonly detached?: boolean;
  readonly onLine?: (line: string) => void;
  /** Called when it has ended; not after `stop`. */
  readonly onCrash?: (ending: string) => void;
}

export class ProductProcess {
  #child: Child | undefined;
  #stopping = false;
  #loggedReady = false;
  readonly #lines: string[] = [];

  constructor(private readonly options: ProductProcessOptions) {}

  get url(): string {
    const { host = '127.0.0.1', port } = this.options;
    return `http://${host}:${String(port)}`;
  }

  /** Undefined before its first start. */
  get child(): Child | undefined {
    return this.#child;
  }

  /** The last lines that it printed, of all its starts. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** May be called again when it has ended. */
  start(): Child {
    const { name, script, build = path.join(ROOT, 'dist'), host = '127.0.0.1', port, env } = this.options;
    this.#stopping = false;
    this.#loggedReady = false;
    const spawned = spawn(process.execPath, [path.join(build, script)], {
      cwd: ROOT,
      detached: this.options.detached === true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, HOST: host, ...(port !== undefined && { PORT: String(port) }) },
    });
    for (const stream of [spawned.stdout, spawned.stderr])
      createInterface(stream).on('line', (line) => {
        this.#keep(line);
      });
    const child = childOf(name, spawned);
    this.#child = child;
    void child.exit.then(() => {
      if (!this.#stopping) this.options.onCrash?.(endingOf(spawned));
    });
    return child;
  }

  async isReady(): Promise<boolean> {
    if (this.options.port === undefined) return this.#loggedReady;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    // Refused, or cut off: it is starting, suspended, or gone.
    const answer = await fetch(`${this.url}/readyz`, { signal }).catch(() => undefined);
    return answer?.ok ?? false;
  }

  /** @throws Error with the last lines that it printed when it has ended, or is not ready in time */
  async ready(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await this.isReady())) {
      const hasEnded = this.#child?.ended === true && !this.options.onCrash;
      if (hasEnded || performance.now() > deadline) {
        const what = hasEnded ? 'ended' : `was not ready in ${String(Math.round(withinMs / 1_000))} s`;
        throw new Error([`${this.options.name} ${what}:`, ...this.#lines.slice(-LINES_SHOWN)].join('\n'));
      }
      await sleep(READY_POLL_MS);
    }
  }

  /**
   * @param withinMs after which it is killed
   * @returns its exit code; null when it was killed, or never started
   */
  async stop(withinMs: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#stopping = true;
    if (this.#child) await stopChild(this.#child, signal, withinMs);
    return this.#child?.process.exitCode ?? null;
  }

  #keep(line: string): void {
    this.#loggedReady ||= READY_WORDS.test(line);
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    this.options.onLine?.(line);
  }
}

function endingOf({ signalCode, exitCode }: ChildProcess): string {
  return signalCode ?? `exit code ${String(exitCode)}`;
}
