/** One process of the product, with a fault proxy for each server that it uses. */
import type { ServiceName } from '../../prisma/schema-engine';
import type { Child } from '../local/child';
import { ProductProcess, type ProductProcessOptions } from '../local/product-process';
import { FaultProxy } from './fault-proxy';
import { isStopped } from './process-state';
import type { Watcher } from './proxied-connection';

export interface ProcessPlan {
  readonly name: string;
  /** Folder with the compiled product, and what of it runs. */
  readonly build: string;
  readonly script: ProductProcessOptions['script'];
  /** What it runs, and where the databases of that are. */
  readonly databases: Readonly<Partial<Record<ServiceName, string>>>;
  /** host:port; undefined where it needs none. */
  readonly temporalAddress: string | undefined;
  /** Of its HTTP; undefined where it has none. */
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string>>;
}

const DATABASE_VARIABLES: Readonly<Record<ServiceName, string>> = {
  order: 'ORDER_DATABASE_URL',
  customer: 'CUSTOMER_DATABASE_URL',
  history: 'ORDER_HISTORY_DATABASE_URL',
};

export class ManagedProcess {
  readonly databases: Readonly<Partial<Record<ServiceName, FaultProxy>>>;
  readonly temporal: FaultProxy | undefined;
  #process: ProductProcess | undefined;

  constructor(readonly plan: ProcessPlan) {
    this.databases = Object.fromEntries(
      Object.entries(plan.databases).map(([service, url]) => [service, new FaultProxy(new URL(url))]),
    );
    this.temporal =
      plan.temporalAddress === undefined
        ? undefined
        : new FaultProxy(new URL(`http://${plan.temporalAddress}`));
  }

  get name(): string {
    return this.plan.name;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.plan.port)}`;
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get databaseProxies(): readonly FaultProxy[] {
    return Object.values(this.databases);
  }

  async listen(): Promise<void> {
    await Promise.all(
      [...this.databaseProxies, ...(this.temporal ? [this.temporal] : [])].map((proxy) => proxy.listen()),
    );
  }

  /** Watches all its connections. @returns stops watching */
  watch(watcher: Watcher): () => void {
    const ends = [...this.databaseProxies, ...(this.temporal ? [this.temporal] : [])].map((proxy) =>
      proxy.watch(watcher),
    );
    return () => {
      for (const end of ends) end();
    };
  }

  /** Starts the process, and restarts it after each crash until it is stopped. */
  start(): void {
    const { name, build, script, port, env } = this.plan;
    const started = new ProductProcess({
      ...{ name, build, script, port },
      env: {
        PATH: process.env['PATH'],
        SERVICES: Object.keys(this.databases).join(),
        // Processes without HTTP report readiness in their log.
        LOG_LEVEL: port === undefined ? 'info' : 'error',
        ...(this.temporal && { TEMPORAL_ADDRESS: this.temporal.address }),
        ...Object.fromEntries(
          Object.entries(this.databases).map(([service, proxy]) => [
            DATABASE_VARIABLES[service as ServiceName],
            proxy.url,
          ]),
        ),
        ...env,
      },
      onCrash: () => {
        started.start();
      },
    });
    started.start();
    this.#process = started;
  }

  isReady(): Promise<boolean> {
    return this.#process?.isReady() ?? Promise.resolve(false);
  }

  /** @throws Error with what it printed last when it is not ready in time */
  async ready(withinMs: number): Promise<void> {
    await this.#process?.ready(withinMs);
  }

  /** What it has printed about a request. */
  about(requestId: string): readonly string[] {
    return (this.#process?.lines ?? []).filter((line) => line.includes(requestId));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.process.kill(signal);
  }

  /** @returns whether it ran, and died of it */
  async kill(): Promise<boolean> {
    const child = this.#child;
    if (!child || child.ended) return false;
    child.process.kill('SIGKILL');
    await child.exit;
    return child.process.signalCode === 'SIGKILL';
  }

  /** Whether the operating system reports it as stopped. */
  isStopped(): boolean {
    return isStopped(this.pid);
  }

  async stop(): Promise<void> {
    await this.#process?.stop(0, 'SIGKILL');
    for (const proxy of [...this.databaseProxies, this.temporal]) proxy?.close();
  }

  get #child(): Child | undefined {
    return this.#process?.child;
  }
}
