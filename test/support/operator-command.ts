/** An operator's command as a process. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './start';

export interface CommandAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environment of an operator's process: settings that a test omits must not come from the data of `npm start`. */
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
