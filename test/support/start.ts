/** `npm start`, or `npm run start:distributed`, as a real process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endWithThisProcess } from '../../tools/local/child';
import { freePort } from '../../tools/local/free-port';
import { eventually } from './http';

export const ROOT = path.resolve(__dirname, '../..');

export interface StartedProcess {
  readonly process: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** Its exit code, once it has ended; null when it was killed. */
  readonly exit: Promise<number | null>;
}

export function start(
  env: Record<string, string>,
  command = 'start',
  args: readonly string[] = [],
): StartedProcess {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  const child = spawn(process.execPath, ['tools/local/run.mjs', command, ...args], {
    cwd: ROOT,
    env: { ...own, ...env },
  });
  endWithThisProcess(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { process: child, output: () => printed, exit };
}

export async function ready(started: StartedProcess, withinMs = 50_000): Promise<void> {
  await eventually(() => {
    if (started.process.exitCode !== null) throw new Error(`it ended:\n${started.output()}`);
    return Promise.resolve(started.output().includes('Ctrl-C stops everything') ? true : undefined);
  }, withinMs);
}

/** A free port for everything that a start listens on, by variable. */
export async function freePorts() {
  const [api, postgres, temporal, ui] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  return {
    PORT: String(api),
    POSTGRES_PORT: String(postgres),
    TEMPORAL_PORT: String(temporal),
    TEMPORAL_UI_PORT: String(ui),
  };
}

export function scratch(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-start-'));
  return {
    folder: path.join(folder, 'data'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
