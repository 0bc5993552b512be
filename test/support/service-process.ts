/** A service as a real process, from this build of the project or another one. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { eventually } from './http';
import { testServers } from './servers';
import { ROOT } from './start';

/** 60 s: a process starts in about one; machines are shared. */
const READY_WITHIN_MS = 60_000;

export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** All that it has said so far. */
  output(): string;
  /** @returns its exit code; null when it was killed */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** What a process without HTTP says when it is ready. */
const READY_WORDS = /"msg":"(ready|relaying)"/;

/**
 * @param port 0 for a process without HTTP
 * @param env beside the Temporal server of the tests; with the databases and services that it runs
 * @param build folder of the compiled project
 * @param script its main, in the build
 */
export async function startServiceProcess(
  port: number,
  env: Readonly<Record<string, string>>,
  build = path.join(ROOT, 'dist'),
  script = 'api/main.js',
): Promise<ServiceProcess> {
  const { temporal } = testServers();
  const child = spawn(process.execPath, [path.join(build, script)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ...(port > 0 && { PORT: String(port) }),
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${String(port)}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`it ended:\n${said}`);
    const ready =
      port === 0 ? READY_WORDS.test(said) : (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
    return ready ? true : undefined;
  }, READY_WITHIN_MS).catch((late: unknown) => {
    child.kill('SIGKILL');
    throw late;
  });
  return {
    url,
    child,
    output: () => said,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exit;
    },
  };
}
