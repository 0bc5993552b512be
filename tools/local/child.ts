/** A child process that ignores the terminal's signals, so that its parent stops it in order. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly exit: Promise<void>;
  readonly ended: boolean;
}

/**
 * Starts a server in its own process group, so that Ctrl-C reaches only this process.
 *
 * @param log file descriptor for the server's output
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

/** Sends `signal`, and kills the process if it has not exited after `timeoutMs`. */
export async function stopChild(child: Child, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (child.ended) return;
  child.process.kill(signal);
  const killTimer = setTimeout(() => child.process.kill('SIGKILL'), timeoutMs);
  await child.exit;
  clearTimeout(killTimer);
}
