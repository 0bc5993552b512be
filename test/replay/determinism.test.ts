/** What makes workflow code answer differently on replay is refused before any history is replayed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { foreignModules } from '../../dev/bundle-contents';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

const REFUSED = {
  Node: "import 'node:fs';",
  'a package': "import 'zod';",
  'another room': "import '../platform/config';",
  'the clock': 'export const time = () => Date.now();',
  'a bare timer': 'export const later = (f: () => void) => setTimeout(f, 1);',
  chance: 'export const chance = () => Math.random();',
  'the environment': "export const home = () => process.env['HOME'];",
  'a variable of the module': 'let count = 0; export const next = () => ++count;',
  'an exported variable of the module': 'export let shared = 0;',
  'a collection of the module':
    'const seen = new Set<string>(); export const note = (id: string) => seen.add(id);',
  'a list of the module': 'const all: string[] = []; export const add = (id: string) => all.push(id);',
} as const;

test('lint refuses each in workflow code', () => {
  const lines = Object.values(REFUSED);
  const refused = lint(lines.join('\n'), 'workflows/turn.ts');
  const lineOf = (rule: string) => refused.filter(({ ruleId }) => ruleId === rule).map(({ line }) => line);
  const found = [
    ...lineOf('no-restricted-imports'),
    ...lineOf('no-restricted-globals'),
    ...lineOf('no-restricted-properties'),
    ...lineOf('no-restricted-syntax'),
  ];
  const missed = Object.keys(REFUSED).filter((_name, index) => !found.includes(index + 1));
  expect(missed).toEqual([]);
});

test('lint has nothing against the saga clock itself', () => {
  const refused = lint('export const time = (): number => Date.now();\n', 'workflows/clock.ts');
  expect(refused).toEqual([]);
});

test('the bundle contains the workflows, the domain and the SDK, and nothing else', () => {
  const bundle = readFileSync(testServers().bundlePath, 'utf8');
  expect(foreignModules(bundle, ROOT)).toEqual([]);
});

test('a package that workflow code brings along is found in the bundle', async () => {
  const copy = mkdtempSync(path.join(ROOT, 'dist', 'copy-'));
  try {
    for (const room of ['workflows', 'domain']) {
      cpSync(path.join(ROOT, room), path.join(copy, room), { recursive: true });
    }
    const entry = path.join(copy, 'workflows', 'index.ts');
    writeFileSync(entry, `${readFileSync(entry, 'utf8')}\nexport { codes } from 'currency-codes';\n`);
    const { code } = await bundleWorkflows(path.join(copy, 'workflows'));
    const foreign = foreignModules(code, copy);
    expect(foreign.some((module) => module.includes('node_modules/currency-codes/'))).toBe(true);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

interface Message {
  readonly ruleId: string | null;
  readonly line: number;
}

/** What lint says of a text, if it stood in that file. */
function lint(text: string, file: string): Message[] {
  const args = ['node_modules/eslint/bin/eslint.js', '--stdin', '--stdin-filename', file, '--format', 'json'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, input: text, encoding: 'utf8' });
  const [result] = JSON.parse(stdout) as { messages: Message[] }[];
  return result?.messages ?? [];
}
