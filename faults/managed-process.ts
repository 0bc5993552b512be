/** One process of ours, with a line of its own to each server that it uses, so that faults can be aimed at it. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../dev/paths';
import { FaultLine } from './fault-line';

const READY_POLL_MS = 50;

export interface ProcessPlan {
  readonly name: string;
  readonly service: 'order' | 'customer' | 'history';
  readonly port: number;
  /** Where its database is. */
  readonly databaseUrl: string;
  /** host:port; undefined where it needs none. */
  readonly temporalAddress: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

const DATABASE_VARIABLES = {
  order: 'ORDER_DATABASE_URL',
  customer: 'CUSTOMER_DATABASE_URL',
  history: 'ORDER_HISTORY_DATABASE_URL',
} as const;

export class ManagedProcess {
  readonly database: FaultLine;
  readonly temporal: FaultLine | undefined;
  #child: ChildProcess | undefined;
  #stopping = false;
  /** What it has said that is worth a person's attention. */
  readonly said: string[] = [];

  constructor(readonly plan: ProcessPlan) {
    this.database = new FaultLine(new URL(plan.databaseUrl));
    this.temporal =
      plan.temporalAddress === undefined
        ? undefined
        : new FaultLine(new URL(`http://${plan.temporalAddress}`));
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.plan.port)}`;
  }

  async listen(): Promise<void> {
    await Promise.all([this.database.listen(), this.temporal?.listen()]);
  }

  /** Until it is stopped it is started again whenever it ends. */
  start(): void {
    const { service, port, env } = this.plan;
    const child = spawn(process.execPath, [path.join(ROOT, 'dist/api/main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: String(port),
        SERVICES: service,
        LOG_LEVEL: 'error',
        [DATABASE_VARIABLES[service]]: this.database.url,
        ...(this.temporal && { TEMPORAL_ADDRESS: this.temporal.address }),
        ...env,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.said.push(text));
    child.once('exit', () => {
      if (!this.#stopping) this.start();
    });
    this.#child = child;
  }

  async ready(withinMs: number): Promise<void> {
    for (const deadline = Date.now() + withinMs; ;) {
      if ((await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok) return;
      if (Date.now() > deadline)
        throw new Error(`${this.plan.name} was not ready in ${String(withinMs)} ms:\n${this.said.join('')}`);
      await sleep(READY_POLL_MS);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child?.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await gone;
    }
    this.database.close();
    this.temporal?.close();
  }
}
