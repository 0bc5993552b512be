/** One process of the product, with a fault proxy for each server that it uses. */
import type { ServiceName } from '../../prisma/schema-engine';
import type { Child } from '../local/child';
import { ProductProcess } from '../local/product-process';
import { environmentOf, type Role } from '../local/topology';
import { FaultProxy } from './fault-proxy';
import { isStopped } from './process-state';
import type { Watcher } from './proxied-connection';

export interface ProcessPlan {
  readonly name: string;
  /** Folder with the compiled product, and what of it runs. */
  readonly build: string;
  readonly role: Role;
  /** URL of the database of each of its services. */
  readonly urlOf: (service: ServiceName) => string;
  /** host:port; undefined where it needs none. */
  readonly temporalAddress: string | undefined;
  /** Of its HTTP; undefined where it has none. */
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export class ManagedProcess {
  readonly databases: Readonly<Partial<Record<ServiceName, FaultProxy>>>;
  readonly temporal: FaultProxy | undefined;
  #process: ProductProcess | undefined;

  constructor(readonly plan: ProcessPlan) {
    this.databases = Object.fromEntries(
      plan.role.services.map((service) => [service, new FaultProxy(new URL(plan.urlOf(service)))]),
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
    const { name, build, role, port, env } = this.plan;
    const started = new ProductProcess({
      ...{ name, build, port, script: role.script },
      env: {
        PATH: process.env['PATH'],
        // Processes without HTTP report readiness in their log.
        LOG_LEVEL: port === undefined ? 'info' : 'error',
        ...(this.temporal && { TEMPORAL_ADDRESS: this.temporal.address }),
        ...env,
        ...environmentOf(role, (service) => this.databases[service]?.url),
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
