/** A command in a pseudo-terminal of its own, as a person runs it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { test } from '@jest/globals';
import { ROOT, type StartedProcess } from './start';

const CTRL_C = '\x03';

export interface InTerminal extends StartedProcess {
  pressCtrlC(): void;
  /** As when its window is closed. */
  close(): void;
}

/** Makes the terminal, runs its arguments in it, and exits with their exit code. */
const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

type Opened = (command: readonly string[]) => readonly [string, ...string[]];

const PROGRAMS: readonly (readonly [probe: readonly string[], open: Opened])[] = [
  [
    ['python3', '-c', 'import pty, os; os.waitstatus_to_exitcode'],
    (command) => ['python3', '-c', PYTHON, ...command],
  ],
  [['script', '--version'], (command) => ['script', '-qec', command.join(' '), '/dev/null']],
];

const opened = PROGRAMS.find(([[program = '', ...args]]) => spawnSync(program, args).status === 0)?.[1];

/** A test that needs a terminal; skipped where neither python3 nor script can make one. */
export const inTerminal = opened ? test : test.skip;

export function openTerminal(command: readonly string[], env: Record<string, string>): InTerminal {
  if (!opened) throw new Error('neither python3 nor script is installed');
  const [program, ...args] = opened(command);
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  const terminal: ChildProcess = spawn(program, args, { cwd: ROOT, env: { ...own, ...env } });
  let printed = '';
  for (const stream of [terminal.stdout, terminal.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return {
    process: terminal,
    output: () => printed,
    exit: new Promise((resolve) => terminal.once('exit', resolve)),
    pressCtrlC: () => terminal.stdin?.write(CTRL_C),
    close: () => terminal.kill('SIGKILL'),
  };
}
