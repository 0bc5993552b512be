/** One process of ours, with lines of its own to the servers that it uses, so that faults can be aimed at it. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../prisma/schema-engine';
import { FaultLine } from './fault-line';
import type { Watcher } from './line-connection';
import { isStopped } from './process-state';

const READY_POLL_MS = 50;

/** 1 s: one that is stopped does not answer. */
const ANSWER_WITHIN_MS = 1_000;

/** 2,000 lines, the last ones; a process that is not well says the same over and over. */
const SAID_MAX = 2_000;

export interface ProcessPlan {
  readonly name: string;
  /** Folder with the compiled product, and what of it runs. */
  readonly build: string;
  readonly script: 'api/main.js' | 'workers/main.js' | 'workers/relay-main.js';
  /** What it runs, and where the databases of that are. */
  readonly databases: Readonly<Partial<Record<ServiceName, string>>>;
  /** host:port; undefined where it needs none. */
  readonly temporalAddress: string | undefined;
  /** Of its HTTP; undefined where it has none. */
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** 20 lines of that, where they are shown. */
const SHOWN = 20;

const DATABASE_VARIABLES: Readonly<Record<ServiceName, string>> = {
  order: 'ORDER_DATABASE_URL',
  customer: 'CUSTOMER_DATABASE_URL',
  history: 'ORDER_HISTORY_DATABASE_URL',
};

/** What those without HTTP say when they are ready. */
const READY_WORDS = /"msg":"(ready|relaying)"/;

export class ManagedProcess {
  readonly databases: Readonly<Partial<Record<ServiceName, FaultLine>>>;
  readonly temporal: FaultLine | undefined;
  #child: ChildProcess | undefined;
  #stopping = false;
  #saidReady = false;
  /** The last of what it has said. */
  readonly #said: string[] = [];

  constructor(readonly plan: ProcessPlan) {
    this.databases = Object.fromEntries(
      Object.entries(plan.databases).map(([service, url]) => [service, new FaultLine(new URL(url))]),
    );
    this.temporal =
      plan.temporalAddress === undefined
        ? undefined
        : new FaultLine(new URL(`http://${plan.temporalAddress}`));
  }

  get name(): string {
    return this.plan.name;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.plan.port)}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get databaseLines(): readonly FaultLine[] {
    return Object.values(this.databases);
  }

  async listen(): Promise<void> {
    await Promise.all(
      [...this.databaseLines, ...(this.temporal ? [this.temporal] : [])].map((line) => line.listen()),
    );
  }

  /** On all its lines. @returns ends it */
  watch(watcher: Watcher): () => void {
    const ends = [...this.databaseLines, ...(this.temporal ? [this.temporal] : [])].map((line) =>
      line.watch(watcher),
    );
    return () => {
      for (const end of ends) end();
    };
  }

  /** Until it is stopped it is started again whenever it ends. */
  start(): void {
    const { build, script, port, env } = this.plan;
    this.#saidReady = false;
    const child = spawn(process.execPath, [path.join(build, script)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        SERVICES: Object.keys(this.databases).join(),
        // Those with HTTP are asked whether they are ready; the others say it.
        LOG_LEVEL: port === undefined ? 'info' : 'error',
        ...(port !== undefined && { PORT: String(port) }),
        ...(this.temporal && { TEMPORAL_ADDRESS: this.temporal.address }),
        ...Object.fromEntries(
          Object.entries(this.databases).map(([service, line]) => [
            DATABASE_VARIABLES[service as ServiceName],
            line.url,
          ]),
        ),
        ...env,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        this.#saidReady ||= READY_WORDS.test(line);
        this.#said.push(line);
        if (this.#said.length > SAID_MAX) this.#said.shift();
      });
    child.once('exit', () => {
      if (!this.#stopping) this.start();
    });
    this.#child = child;
  }

  async isReady(): Promise<boolean> {
    if (this.plan.port === undefined) return this.#saidReady;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    return (await fetch(`${this.url}/readyz`, { signal }).catch(() => undefined))?.ok ?? false;
  }

  /** @throws Error with what it said last when it is not ready in time */
  async ready(withinMs: number): Promise<void> {
    for (const deadline = performance.now() + withinMs; ;) {
      if (await this.isReady()) return;
      if (performance.now() > deadline)
        throw new Error(
          `${this.name} was not ready in ${String(Math.round(withinMs))} ms:\n${this.#said.slice(-SHOWN).join('\n')}`,
        );
      await sleep(READY_POLL_MS);
    }
  }

  /** What it has said about a request. */
  about(requestId: string): readonly string[] {
    return this.#said.filter((line) => line.includes(requestId));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** @returns whether it ran, and died of it */
  async kill(): Promise<boolean> {
    const child = this.#child;
    if (!child || hasEnded(child)) return false;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    return child.signalCode === 'SIGKILL';
  }

  /** Whether the system says that it stands still. */
  isStopped(): boolean {
    return isStopped(this.pid);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.kill();
    for (const line of [...this.databaseLines, this.temporal]) line?.close();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
