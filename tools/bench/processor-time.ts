/** The processor time of processes, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux's clock ticks on every platform of Node. */
const TICKS_A_SECOND = 100;

interface Usage {
  /** Of its program. */
  readonly name: string;
  readonly parent: number;
  /** Of the process or the thread, and of the process's children that have ended. */
  readonly seconds: number;
}

/** @returns seconds of a process and of its children that have ended; undefined when it has exited */
export function processorSeconds(pid: number): number | undefined {
  return usageOf(`/proc/${String(pid)}`)?.seconds;
}

/** @returns seconds of a server and of all its children: Postgres has one for each connection */
export function serverSeconds(pid: number): number {
  const usages = allUsages();
  const ofTree = (root: number): number =>
    [...usages].reduce(
      (sum, [child, usage]) => sum + (usage.parent === root ? ofTree(child) : 0),
      usages.get(root)?.seconds ?? 0,
    );
  return ofTree(pid);
}

/** @returns the names of the programs that a process has started and that run, by pid */
export function childrenOf(parent: number): ReadonlyMap<number, string> {
  const children = [...allUsages()].filter(([, usage]) => usage.parent === parent);
  return new Map(children.map(([pid, { name }]) => [pid, name]));
}

/** @returns seconds of the threads of a process that run, by id; that of its first thread is the process's */
export function threadSeconds(pid: number): ReadonlyMap<number, { name: string; seconds: number }> {
  const folder = `/proc/${String(pid)}/task`;
  return new Map(
    readdirSync(folder).flatMap((thread) => {
      const usage = usageOf(`${folder}/${thread}`);
      return usage ? [[Number(thread), usage] as const] : [];
    }),
  );
}

function allUsages(): ReadonlyMap<number, Usage> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((name) => {
      const usage = usageOf(`/proc/${name}`);
      return usage ? [[Number(name), usage] as const] : [];
    }),
  );
}

/** @param folder of a process or a thread */
function usageOf(folder: string): Usage | undefined {
  try {
    const stat = readFileSync(`${folder}/stat`, 'utf8');
    // The name before the other fields may contain blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return { name, parent: Number(fields[1]), seconds: ticks / TICKS_A_SECOND };
  } catch {
    return undefined;
  }
}
