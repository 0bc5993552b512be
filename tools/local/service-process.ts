/** A process of `npm run start:distributed`: prefixes its output with its name, and restarts it after a crash. */
import type { Child } from './child';
import type { Part } from './lifecycle';
import { ProductProcess, type ProductProcessOptions } from './product-process';
import { StartError } from './start-error';

/** 500 ms, so that a process that cannot start does not restart in a tight loop. */
const RESTART_AFTER_MS = 500;

/** 30 s: nine processes and two servers may start on a busy machine. */
const READY_WITHIN_MS = 30_000;

/** 7 s to drain; then the servers stop, all within 10 s. */
const STOP_WITHIN_MS = 7_000;

interface ServiceProcessOptions extends Pick<
  ProductProcessOptions,
  'name' | 'script' | 'host' | 'port' | 'env'
> {
  /** Width of the name's column, characters. */
  readonly width: number;
  /** Called with each process that is started. */
  readonly onStarted: (child: Child) => void;
}

export class ServiceProcess implements Part {
  readonly #process: ProductProcess;
  #stopping = false;

  constructor(private readonly options: ServiceProcessOptions) {
    const { name, script, host, port, env } = options;
    this.#process = new ProductProcess({
      ...{ name, script, port, env, detached: true },
      ...(host !== undefined && { host }),
      onLine: (line) => {
        this.#print(line);
      },
      onCrash: (ending) => {
        this.#restart(ending);
      },
    });
  }

  get url(): string {
    return this.#process.url;
  }

  start(): void {
    this.options.onStarted(this.#process.start());
  }

  /** @throws StartError when the process is not ready in time, except when it waits for an operator and says so */
  async ready(): Promise<void> {
    try {
      await this.#process.ready(READY_WITHIN_MS);
    } catch (error) {
      const reasons = await this.#process.reasons();
      if (reasons.length === 0) throw new StartError(error instanceof Error ? error.message : String(error));
      for (const reason of reasons) this.#print(`not ready: ${reason}`);
      return;
    }
    const where = this.options.port === undefined ? '' : ` at ${this.url}`;
    this.#print(`ready${where}, pid ${String(this.#process.child?.process.pid)}`);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#process.stop(STOP_WITHIN_MS);
  }

  kill(): void {
    this.#process.child?.process.kill('SIGKILL');
  }

  #restart(ending: string): void {
    this.#print(`exited (${ending}); restarting`);
    setTimeout(() => {
      if (this.#stopping) return;
      this.start();
      this.ready().catch((error: unknown) => {
        this.#print(String(error));
      });
    }, RESTART_AFTER_MS);
  }

  #print(line: string): void {
    console.log(`${this.options.name.padEnd(this.options.width)} | ${line}`);
  }
}
