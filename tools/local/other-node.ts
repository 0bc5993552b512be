/** `npm run test:node`: runs the tests, or another command, on another version of Node. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { ROOT } from '../../platform/project-paths';
import { endWithThisProcess } from './child';
import { COMMANDS } from './commands.mjs';
import { step } from './progress.cjs';
import { cacheFolder } from './temporal-cli.mjs';

const USAGE = `npm run test:node -- VERSION                 the tests on this version of Node, such as 24
npm run test:node -- VERSION COMMAND [WORDS]  another npm script of the project

Installs that version outside of the checkout. Afterwards the next command on the usual version installs its packages anew.`;

const readOptions = options({}, z.array(z.string()));

runCommand({
  usage: USAGE,
  read: (args) => {
    const {
      words: [version = '', command = 'test', ...words],
    } = readOptions(args);
    if (!/^\d+(\.\d+){0,2}$/.test(version))
      throw new Error(`name a version of Node, such as 24, not "${version}"`);
    if (!(command in COMMANDS)) throw new Error(`no npm script is called ${command}`);
    return { version, command, words };
  },
  run: async ({ version, command, words }) => {
    const node = await installed(version);
    const env = {
      ...process.env,
      PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}`,
    };
    const script = path.join(ROOT, 'tools', 'local', 'run.mjs');
    const child = spawn(node, [script, command, ...words], { cwd: ROOT, env, stdio: 'inherit' });
    endWithThisProcess(child);
    await once(child, 'exit');
    return child.exitCode ?? 1;
  },
});

/** @returns the path of its executable */
async function installed(version: string): Promise<string> {
  const folder = cacheFolder('node', version);
  const name = `node-${process.platform}-${process.arch}`;
  const node = path.join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  await step(`installing Node ${version}`, () =>
    promisify(execFile)('npm', [
      'install',
      '--prefix',
      folder,
      '--no-audit',
      '--no-fund',
      `${name}@${version}`,
    ]),
  );
  return node;
}
