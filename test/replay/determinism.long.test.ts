/** What makes workflow code answer differently on replay is refused before any history is replayed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { foreignModules } from '../../tools/local/bundle-contents';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

/** One line each. */
const REFUSED = {
  Node: "import 'node:fs';",
  'a package': "import 'zod';",
  'another room': "import '../platform/config';",
  'another room, by a detour': "import './../platform/config';",
  'a package, when it is asked for': "export const later = () => import('zod');",
  'the clock': 'export const time = () => Date.now();',
  'the clock, formatted': 'export const today = () => new Intl.DateTimeFormat().format();',
  'the language of the machine': 'export const shown = (amount: number) => amount.toLocaleString();',
  'the order of a language': 'export const first = (a: string, b: string) => a.localeCompare(b) < 0;',
  'a bare timer': 'export const wait = (f: () => void) => setTimeout(f, 1);',
  chance: 'export const chance = () => Math.random();',
  'chance, taken out': 'export const dice = () => { const { random } = Math; return random(); };',
  'a random id': 'export const id = () => crypto.randomUUID();',
  'the environment': "export const home = () => process.env['HOME'];",
  'a text as code': "export const code = () => eval('1');",
  'a variable of the module': 'let count = 0; export const next = () => ++count;',
  'an exported variable of the module': 'export let shared = 0;',
  'a collection of the module':
    'const seen = new Set<string>(); export const note = (id: string) => seen.add(id);',
  'a collection, by a cast':
    'const kept = new Set() as Set<string>; export const keep = (id: string) => kept.add(id);',
  'a collection that is called constant': 'export const all = { seen: new Set<string>() } as const;',
  'a list of the module': 'const list: string[] = []; export const add = (id: string) => list.push(id);',
  'a record of the module': 'export const counts: Record<string, number> = {};',
  'a record that a call makes': 'export const made = Object.fromEntries([]) as Record<string, number>;',
  'an expression that remembers': "const word = /a/g; export const found = () => word.test('aa');",
  'a class with state of its own': 'export class Counter { static count = 0; }',
  'what is done when it is loaded': "Object.assign(Object, { loaded: 'yes' });",
  'a default': 'export default {};',
} as const;

/** What a module may have. */
const ACCEPTED = `
export const LIMIT = 60 * 1_000;
export const NAME = 'saga';
export const REASONS = ['A', 'B'] as const;
export const LONGEST = { by: 100 } as const satisfies Record<string, number>;
export const DIGITS = /^[0-9]+$/;
export const double = (value: number) => value * 2;
export class Turn {
  readonly waiting = new Map<string, string>();
}
`;

const CLOCK = 'export const time = (): number => Date.now();\n';

/** For changes of sagas: docs/changing-a-saga.md. */
const OF_TEMPORAL = 'patched, deprecatePatch';

const FILES = ['workflows/order-steps.ts', 'domain/order.ts'] as const;

describe('lint', () => {
  let said: Message[][];

  beforeAll(() => {
    said = lint([
      ...FILES.flatMap((file) => [
        { file, text: Object.values(REFUSED).join('\n') },
        { file, text: ACCEPTED },
      ]),
      { file: 'saga/workflow/clock.ts', text: CLOCK },
      { file: 'saga/workflow/clock.ts', text: 'export const id = () => crypto.randomUUID();\n' },
      {
        file: 'workflows/order-steps.ts',
        text: `import { ${OF_TEMPORAL}, sleep } from '@temporalio/workflow';\n`,
      },
      { file: 'workflows/order-steps.ts', text: `import { ${OF_TEMPORAL} } from '@temporalio/workflow';\n` },
    ]);
  }, 120_000);

  test.each(FILES.map((file, index) => [file, 2 * index] as const))('refuses each in %s', (_file, index) => {
    const refused = said[index]?.filter(({ ruleId }) => OURS.test(ruleId ?? ''));
    const missed = Object.keys(REFUSED).filter(
      (_name, line) => !refused?.some((one) => one.line === line + 1),
    );
    expect(missed).toEqual([]);
  });

  test.each(FILES.map((file, index) => [file, 2 * index + 1] as const))(
    'allows constants, functions and classes in %s',
    (_file, index) => {
      expect(said[index]).toEqual([]);
    },
  );

  test('allows the saga clock, and refuses other violations in its file', () => {
    expect(said[4]).toEqual([]);
    expect(said[5]?.map(({ ruleId }) => ruleId)).toContain('no-restricted-globals');
  });

  test('sagas import only the patching functions of Temporal', () => {
    const refused = (messages: Message[] = []) => messages.filter(({ ruleId }) => OURS.test(ruleId ?? ''));
    expect(refused(said[6])).toHaveLength(1);
    expect(refused(said[7])).toEqual([]);
  });
});

const FORBIDDEN_IMPORTS = [
  [
    'workflows/order-steps.ts',
    "import '../platform/config-error';",
    'workflows-imports-only-workflows-domain-saga: workflows/order-steps.ts → platform/config-error.ts',
  ],
  [
    'domain/order.ts',
    "import '../platform/config-error';",
    'domain-imports-only-domain: domain/order.ts → platform/config-error.ts',
  ],
  // What is reached by a detour is refused as well.
  ['domain/names.ts', "import 'fs';", 'workflow-code-is-isolated: workflows/index.ts → fs'],
] as const;

test('the import table refuses forbidden imports, also by a detour', () => {
  const copy = copyOf(['workflows', 'domain', 'saga', 'platform']);
  try {
    for (const [file, line] of FORBIDDEN_IMPORTS) {
      const changed = path.join(copy, file);
      writeFileSync(changed, `${line}\n${readFileSync(changed, 'utf8')}`);
    }
    const refused = importTable(copy);
    for (const [, , violation] of FORBIDDEN_IMPORTS) expect(refused).toContain(violation);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test('the bundle contains the workflows, the domain and the SDK, and nothing else', () => {
  const bundle = readFileSync(testServers().bundlePath, 'utf8');
  expect(foreignModules(bundle, ROOT)).toEqual([]);
});

test('a package that workflow code imports is found in the bundle', async () => {
  const copy = copyOf(['workflows', 'domain', 'saga']);
  try {
    const entry = path.join(copy, 'workflows', 'index.ts');
    writeFileSync(entry, `${readFileSync(entry, 'utf8')}\nexport { validate } from 'uuid';\n`);
    const { code } = await bundleWorkflows(path.join(copy, 'workflows'));
    const foreign = foreignModules(code, copy);
    expect(foreign.some((module) => module.includes('node_modules/uuid/'))).toBe(true);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

/** Rules that guard what is replayed; others have their say about the lines above too. */
const OURS = /^no-(restricted-(imports|globals|properties|syntax)|eval)$/;

/** Below the project, so that it finds the packages. */
function copyOf(rooms: readonly string[]): string {
  const copy = mkdtempSync(path.join(ROOT, 'dist', 'copy-'));
  for (const room of rooms) cpSync(path.join(ROOT, room), path.join(copy, room), { recursive: true });
  return copy;
}

/** @returns what is refused in the folder; nothing when all is well */
function importTable(folder: string): string {
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    cpSync(path.join(ROOT, name), path.join(folder, name));
  }
  const script = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--output-type', 'err', '.'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout + stderr;
}

interface Message {
  readonly ruleId: string | null;
  readonly line: number;
}

/** In one process: it takes seconds until lint knows the types of the project. */
const LINT = `
import { ESLint } from 'eslint';
import { readFileSync } from 'node:fs';
const eslint = new ESLint();
const said = [];
for (const { file, text } of JSON.parse(readFileSync(0, 'utf8'))) {
  const [{ messages }] = await eslint.lintText(text, { filePath: file });
  said.push(messages.map(({ ruleId, line }) => ({ ruleId, line })));
}
console.log(JSON.stringify(said));
`;

/** What lint says of each text, if it stood in that file. */
function lint(texts: readonly { readonly file: string; readonly text: string }[]): Message[][] {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', LINT], {
    cwd: ROOT,
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as Message[][];
}
