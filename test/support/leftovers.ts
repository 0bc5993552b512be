/** Processes that a start has left behind. */
import { execFileSync } from 'node:child_process';
import { eventually } from './http';

/** Command lines that name the folder. */
export function usersOf(folder: string): string[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line.includes(folder));
}

export async function whenNobodyUses(folder: string): Promise<void> {
  await eventually(() => Promise.resolve(usersOf(folder).length === 0 || undefined));
}
