/** The processor time of processes, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux's clock ticks on every platform of Node. */
const TICKS_A_SECOND = 100;

interface Usage {
  readonly parent: number;
  /** Of the process, and of its children that have ended. */
  readonly seconds: number;
}

/** @returns seconds of a process and of its children that have ended; undefined when it has exited */
export function processorSeconds(pid: number): number | undefined {
  return usageOf(pid)?.seconds;
}

/** @returns seconds of a server and of all its children: Postgres has one for each connection */
export function serverSeconds(pid: number): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const usages = new Map(all.map((name) => [Number(name), usageOf(Number(name))]));
  const ofTree = (root: number): number =>
    [...usages].reduce(
      (sum, [child, usage]) => sum + (usage?.parent === root ? ofTree(child) : 0),
      usages.get(root)?.seconds ?? 0,
    );
  return ofTree(pid);
}

function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The process name before the other fields may contain blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), seconds: ticks / TICKS_A_SECOND };
  } catch {
    return undefined;
  }
}
