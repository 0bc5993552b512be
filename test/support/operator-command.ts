/** What an operator runs, as a process of its own. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './start';

export interface CommandAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of an operator's process: what a test does not name must not be found in what `npm start` has left beside it. */
export const NOTHING_ELSE = { PATH: process.env['PATH'], DATA_DIR: path.join(ROOT, 'dist', 'no-data') };

export function operatorCommand(
  name: 'replay' | 'audit' | 'repair' | 'parked' | 'rebuild-view',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandAnswer> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path.join(ROOT, `dist/ops/${name}/${name}-main.js`), ...args],
      { env: { ...NOTHING_ELSE, ...env } },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}
