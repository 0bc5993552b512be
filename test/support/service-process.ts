/** A service as a real process, from this build of the project or another one. */
import type { ChildProcess } from 'node:child_process';
import { ProductProcess, type ProductProcessOptions } from '../../tools/local/product-process';
import { testServers } from './servers';

/** 60 s: a process starts in about one; machines are shared. */
const READY_WITHIN_MS = 60_000;

/** 30 s: it drains for at most ten. */
const STOP_WITHIN_MS = 30_000;

export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** @returns its exit code; null when it was killed */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * @param port 0 for a process without HTTP
 * @param env beside the Temporal server of the tests; with the databases and services that it runs
 * @param build folder of the compiled project; this one's unless it is given
 * @param script its main, in the build
 */
export async function startServiceProcess(
  port: number,
  env: Readonly<Record<string, string>>,
  build?: string,
  script: ProductProcessOptions['script'] = 'api/main.js',
): Promise<ServiceProcess> {
  const { temporal } = testServers();
  const service = new ProductProcess({
    name: script,
    script,
    ...(build !== undefined && { build }),
    port: port > 0 ? port : undefined,
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  const { process: child } = service.start();
  await service.ready(READY_WITHIN_MS).catch((late: unknown) => {
    child.kill('SIGKILL');
    throw late;
  });
  return {
    url: service.url,
    child,
    output: () => service.lines.join('\n'),
    stop: (signal) => service.stop(STOP_WITHIN_MS, signal),
  };
}
