/** A child process that ignores the terminal's signals, so that its parent stops it in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { serverEnvironment } from './server-environment';

export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly exit: Promise<void>;
  readonly ended: boolean;
}

/**
 * Starts a server in its own process group, so that Ctrl-C reaches only this process, and with an environment that this
 * process states. The server does not keep this process alive, and ends with it.
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
  const env = serverEnvironment(cwd);
  const server = spawn(command, args, { detached: true, cwd, env, stdio: ['ignore', log, log] });
  server.unref();
  endWithThisProcess(server);
  return childOf(name, server);
}

/**
 * Sends SIGINT to `child` when this process has ended and the child has not, whatever ended it: a failure, an exit, SIGKILL.
 * A shell in its own process group waits for the end of a pipe that only this process holds.
 */
export function endWithThisProcess(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell, the next start ends what this one has left.
  guard.on('error', () => undefined);
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  child.once('exit', () => guard.kill());
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
