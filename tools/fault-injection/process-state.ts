/** What the operating system says of a process. */
import { spawnSync } from 'node:child_process';

/** Whether it stands still: SIGSTOP. */
export function isStopped(pid: number | undefined): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim().startsWith('T');
}
