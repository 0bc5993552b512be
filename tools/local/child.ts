/** A server process of ours: started apart from the terminal's signals, stopped by us, in order. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly exit: Promise<void>;
  readonly ended: boolean;
}

/**
 * Starts a server in a process group of its own, so that Ctrl-C reaches only us.
 *
 * @param log file descriptor for what it prints
 */
export function spawnServer(
  name: string,
  command: string,
  args: readonly string[],
  log: number,
  cwd: string,
): Child {
  return childOf(name, spawn(command, args, { detached: true, cwd, stdio: ['ignore', log, log] }));
}

export function childOf(name: string, child: ChildProcess): Child {
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  return {
    name,
    process: child,
    exit,
    get ended() {
      return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    },
  };
}

/** Asks it to end, and kills it when it has not within `withinMs`. */
export async function stopChild(child: Child, signal: NodeJS.Signals, withinMs: number): Promise<void> {
  if (child.ended) return;
  child.process.kill(signal);
  const late = setTimeout(() => child.process.kill('SIGKILL'), withinMs);
  await child.exit;
  clearTimeout(late);
}
