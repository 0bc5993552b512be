/** A service in a process of its own: its lines are prefixed with its name, and it is started anew when it dies. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Child, childOf, stopChild } from './child';
import type { Part } from './lifecycle';
import { ROOT } from './paths';
import { StartError } from './start-error';

/** 500 ms before a process that died is started anew, so that one that cannot start does not spin. */
const RESTART_AFTER_MS = 500;

/** 30 s: on a busy machine four processes start beside two servers. */
const READY_WITHIN_MS = 30_000;
const READY_POLL_MS = 100;

/** 7 s to drain; the servers under it are stopped after that, all within ten. */
const STOP_WITHIN_MS = 7_000;

export interface ServiceProcessOptions {
  readonly name: string;
  /** Columns for the name. */
  readonly width: number;
  readonly host: string;
  readonly port: number;
  /** Below `dist/`. */
  readonly script: string;
  /** Present where the process has no HTTP: what it says when it is ready. */
  readonly readyWords?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told of each process that is started. */
  readonly onStarted: (child: Child) => void;
}

export class ServiceProcess implements Part {
  #child: Child | undefined;
  #stopping = false;
  #saidReady = false;

  constructor(private readonly options: ServiceProcessOptions) {}

  get url(): string {
    const { host, port } = this.options;
    return `http://${host}:${String(port)}`;
  }

  start(): void {
    const { name, host, port, script, env, onStarted } = this.options;
    this.#saidReady = false;
    const spawned = spawn(process.execPath, [path.join(ROOT, 'dist', script)], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, HOST: host, PORT: String(port) },
    });
    for (const stream of [spawned.stdout, spawned.stderr]) {
      createInterface(stream).on('line', (line) => {
        if (this.options.readyWords !== undefined) this.#saidReady ||= line.includes(this.options.readyWords);
        this.#say(line);
      });
    }
    const child = childOf(name, spawned);
    this.#child = child;
    onStarted(child);
    void child.exit.then(() => {
      this.#startAnew(spawned.signalCode ?? String(spawned.exitCode));
    });
  }

  /** @throws StartError when it is not ready in time */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      if (await this.#isReady()) break;
      if (Date.now() > deadline) {
        throw new StartError(`${this.options.name} was not ready in ${String(READY_WITHIN_MS / 1000)} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    const where = this.options.readyWords === undefined ? ` at ${this.url}` : '';
    this.#say(`ready${where}, pid ${String(this.#child?.process.pid)}`);
  }

  async #isReady(): Promise<boolean> {
    if (this.options.readyWords !== undefined) return this.#saidReady;
    const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
    return answer?.ok ?? false;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child) await stopChild(this.#child, 'SIGTERM', STOP_WITHIN_MS);
  }

  kill(): void {
    this.#child?.process.kill('SIGKILL');
  }

  #startAnew(ending: string): void {
    if (this.#stopping) return;
    this.#say(`ended by itself (${ending}); starting it anew`);
    setTimeout(() => {
      if (this.#stopping) return;
      this.start();
      this.ready().catch((error: unknown) => {
        this.#say(String(error));
      });
    }, RESTART_AFTER_MS);
  }

  #say(line: string): void {
    console.log(`${this.options.name.padEnd(this.options.width)} | ${line}`);
  }
}
