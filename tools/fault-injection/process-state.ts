/** The state of a process in the operating system. */
import { spawnSync } from 'node:child_process';

/** Whether SIGSTOP has stopped the process. */
export function isStopped(pid: number | undefined): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim().startsWith('T');
}
