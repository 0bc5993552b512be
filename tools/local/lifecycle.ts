/** The lifecycle of a start: it locks its DATA_DIR, and stops its parts in reverse order. */
import path from 'node:path';
import { flag, options, runCommand } from '../../platform/command';
import { type Config, readConfig } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { onStopSignals } from '../../platform/stop-signals';
import type { Child } from './child';
import { DataDirLock } from './data-dir-lock';
import { type IdentityProvider, startIdentityProvider } from './identity-provider';
import { rotateLogs } from './log-rotation';
import { requireDataDir } from './preconditions';
import { makePrivate } from './private-files';
import { type OnSpawned, requireServers, type Servers, startServers } from './servers';
import { StartError } from './start-error';

/** 200 ms: how soon a start detects that its npm was killed. */
const PARENT_POLL_MS = 200;

/** 9.5 s, then the parts are killed; the next start resumes their work. */
const STOP_WITHIN_MS = 9_500;

/** A part of a start; parts are stopped in reverse order, and the servers that they use after them. */
export interface Part {
  stop(): Promise<void>;
  /** Called when the shutdown takes too long. */
  kill?(): void;
}

type ServerPart = Part & { readonly child: Child };

export class Lifecycle {
  readonly #parts: Part[] = [];
  readonly #lock: DataDirLock;
  readonly #servers: ServerPart[] = [];
  #stopping = false;

  constructor(private readonly dataDir: string) {
    this.#lock = new DataDirLock(dataDir);
  }

  /** @throws StartError when another start uses the DATA_DIR */
  async begin(): Promise<void> {
    await this.#lock.take((line) => {
      console.error(`  ${line}`);
    });
    onStopSignals(
      () => void this.stop(0, 'Stopping: finishing the requests and steps in progress.'),
      () => {
        console.error('  stopping immediately: a second signal arrived');
        this.#kill();
      },
    );
    stopWithParent(() => void this.stop(0, 'npm has exited; stopping.'));
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  add(part: Part): void {
    this.#parts.push(part);
  }

  /** Records a process, so that the next start ends it if this one is killed. */
  own({ name, process: { pid } }: Child): void {
    this.#lock.add(name, pid);
  }

  /** Adds a required server whose process runs. */
  addServer(server: ServerPart): void {
    this.own(server.child);
    this.#servers.push(server);
  }

  /** A server that exits after the start ends everything; during the start, the start itself reports why. */
  watchServers(): void {
    for (const { child } of this.#servers) {
      const { name, exit } = child;
      void exit.then(() => this.stop(1, `${name} exited unexpectedly; see ${this.dataDir}/logs/${name}.log`));
    }
  }

  async stop(exitCode: number, why: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    console.error(`\n${why}`);
    setTimeout(() => {
      this.#kill();
    }, STOP_WITHIN_MS).unref();
    let code = exitCode;
    const stopped = (part: Part) =>
      part.stop().catch((error: unknown) => {
        console.error(oneLine(error));
        code = 1;
      });
    // A start that was interrupted may still add parts.
    for (let part = this.#parts.at(-1); part; part = this.#parts.at(-1)) {
      await stopped(part);
      this.#parts.splice(this.#parts.indexOf(part), 1);
    }
    await Promise.all(this.#servers.map(stopped));
    this.#lock.release();
    process.exit(code);
  }

  #kill(): never {
    for (const part of this.#parts) part.kill?.();
    for (const { child } of this.#servers) child.process.kill('SIGKILL');
    process.exit(1);
  }
}

/** Starts what runs beside the servers, and returns the text to print when it is ready. */
type Start = (
  config: Config,
  servers: Servers,
  life: Lifecycle,
  provider: IdentityProvider | undefined,
) => Promise<string>;

const readOptions = options({ 'with-auth': flag });

/**
 * The command that starts the servers, and then `start`.
 *
 * @param summary its name and what it does, for `--help`
 */
export function runStart(summary: string, start: Start): void {
  runCommand({
    usage: `${summary}

  --with-auth   also starts an identity provider for development, and requires its access tokens

docs/configuration.md lists the environment variables, such as PORT and DATA_DIR.`,
    read: readOptions,
    run: async ({ 'with-auth': withAuth }) => {
      await begin(start, withAuth);
      return undefined;
    },
  });
}

async function begin(start: Start, withAuth: boolean): Promise<void> {
  let config = readConfig();
  requireDataDir(config.DATA_DIR);
  makePrivate(config.DATA_DIR);
  const life = new Lifecycle(config.DATA_DIR);
  await life.begin();
  rotateLogs(path.join(config.DATA_DIR, 'logs'));
  try {
    await requireServers(config);
    const onSpawned: OnSpawned = (server) => {
      life.addServer(server);
    };
    const provider = withAuth ? await startIdentityProvider(config, onSpawned) : undefined;
    if (provider) config = { ...config, AUTH_ISSUER: provider.issuer, AUTH_AUDIENCE: provider.audience };
    const servers = await startServers(config, onSpawned);
    const ready = await start(config, servers, life, provider);
    if (life.stopping) return;
    life.watchServers();
    console.log(ready);
  } catch (error) {
    if (!life.stopping) await life.stop(1, oneLine(error));
  }
}

/**
 * When npm is killed, no process is left to stop this one, so it stops itself. The npm script uses `exec`, so
 * that the parent is npm and not a shell that survives it.
 */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_POLL_MS);
  timer.unref();
}

function oneLine(error: unknown): string {
  if (error instanceof StartError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? `The start failed: ${error.message}` : String(error);
}
