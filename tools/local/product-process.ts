/** Starts and stops a process of the compiled product; `start:distributed`, the bench, the fault suite and tests use it. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type Child, childOf, endWithThisProcess, stopChild } from './child';
import { until } from './until';
import { httpUrl } from '../../platform/http-url';
import { ROOT } from '../../platform/project-paths';

const READY_POLL_MS = 50;

/** 1 s: a suspended process does not answer. */
const PROBE_TIMEOUT_MS = 1_000;

const reasonsSchema = z.object({ reasons: z.record(z.string(), z.string()).default({}) });

/** The log line of a process without HTTP that is ready. */
const READY_LINE = /"msg":"(ready|relaying)"/;

/** The last 2,000 lines of output: a failing process repeats itself. */
const LINES_KEPT = 2_000;

/** Lines in an error message. */
const LINES_SHOWN = 20;

export interface ProductProcessOptions {
  readonly name: string;
  readonly script:
    'api/main.js' | 'workers/main.js' | 'workers/relay-main.js' | `tools/local/${'main' | 'distributed'}.js`;
  /** Folder of the compiled project. Default: this project's `dist`. */
  readonly build?: string;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** HTTP port; undefined for a process without HTTP, which is ready when it logs so. */
  readonly port: number | undefined;
  /** Its whole environment, without `HOST` and `PORT`. */
  readonly env: NodeJS.ProcessEnv;
  /** Start it in its own process group, which Ctrl-C does not reach. */
  readonly detached?: boolean;
  readonly onLine?: (line: string) => void;
  /** Called when it exits without `stop`. */
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
    return httpUrl(host, port ?? 0);
  }

  /** Undefined before its first start. */
  get child(): Child | undefined {
    return this.#child;
  }

  /** The last lines of its output, over all its starts. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** May be called again after the process has exited. */
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
    endWithThisProcess(spawned);
    const child = childOf(name, spawned);
    this.#child = child;
    void child.exit.then(() => {
      if (!this.#stopping) this.options.onCrash?.(endingOf(spawned));
    });
    return child;
  }

  async isReady(): Promise<boolean> {
    if (this.options.port === undefined) return this.#loggedReady;
    return (await this.#readyz())?.ok ?? false;
  }

  /** @returns what an operator must do before it is ready */
  async reasons(): Promise<readonly string[]> {
    const answer = await this.#readyz();
    const { reasons } = reasonsSchema.parse(answer?.status === 503 ? await answer.json() : {});
    return Object.values(reasons);
  }

  /** @throws Error with the last lines of output when the process has exited, or is not ready within `timeoutMs` */
  async ready(timeoutMs: number): Promise<void> {
    const hasEnded = () => this.#child?.ended === true && !this.options.onCrash;
    const over = async () => hasEnded() || (await this.isReady());
    const inTime = await until(over, { everyMs: READY_POLL_MS, withinMs: timeoutMs });
    if (inTime && !hasEnded()) return;
    const what = inTime
      ? 'exited before it was ready'
      : `was not ready in ${String(Math.round(timeoutMs / 1_000))} s`;
    throw new Error([`${this.options.name} ${what}:`, ...this.#lines.slice(-LINES_SHOWN)].join('\n'));
  }

  /**
   * @param timeoutMs after which the process is killed
   * @returns its exit code; null when it was killed or never started
   */
  async stop(timeoutMs: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#stopping = true;
    if (this.#child) await stopChild(this.#child, signal, timeoutMs);
    return this.#child?.process.exitCode ?? null;
  }

  /** @returns undefined when the process is starting, suspended, or has exited */
  #readyz(): Promise<Response | undefined> {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return fetch(`${this.url}/readyz`, { signal }).catch(() => undefined);
  }

  #keep(line: string): void {
    this.#loggedReady ||= READY_LINE.test(line);
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    this.options.onLine?.(line);
  }
}

function endingOf({ signalCode, exitCode }: ChildProcess): string {
  return signalCode ?? `exit code ${String(exitCode)}`;
}
