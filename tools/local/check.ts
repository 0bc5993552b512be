/** `npm run check`: runs every check, two at a time, and prints each result. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { catalogDifferences, schemaScript } from '../../prisma/check-migrations';
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { ROOT } from '../../platform/project-paths';
import { checkSupplyChain } from './supply-chain';
import { makeEmpty, makeTemplate, withScratchPostgres } from './scratch-postgres';

type Check = () => Promise<void>;

const checks: Readonly<Record<string, Check>> = {
  lint: () => tool('eslint/bin/eslint.js', '.', '--max-warnings', '0'),
  types: () => tool('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  format: () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  'import table': () => tool('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'err', '.'),
  'dead code': () => tool('knip/bin/knip.js', '--no-progress'),
  'workflow bundle': () => run('dist/tools/local/build-bundle.js'),
  migrations: checkMigrations,
  'supply chain': checkSupplyChain,
};

const NAMES = Object.keys(checks);

const readOptions = options({}, z.array(z.enum(NAMES, `the checks are ${NAMES.join(', ')}`)));

runCommand({
  usage: `npm run check [-- CHECK…]   static checks, and the migrations on a scratch Postgres; all, or those named

The checks are ${NAMES.join(', ')}.`,
  read: readOptions,
  run: ({ words }) => runChecks(words),
});

/** 2: lint takes as long as all the others together. */
const AT_ONCE = 2;

async function runChecks(requested: readonly string[]): Promise<number> {
  const left = Object.entries(checks).filter(([name]) => requested.length === 0 || requested.includes(name));
  let failures = 0;
  const runNext = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [name, check] = next;
      if (!(await passes(name, check))) failures += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runNext));
  return failures === 0 ? 0 : 1;
}

/** Prints the result. */
async function passes(name: string, check: Check): Promise<boolean> {
  const began = Date.now();
  const failure = await check().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`  ${failure === undefined ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (failure !== undefined) console.log(failure);
  return failure === undefined;
}

async function checkMigrations(): Promise<void> {
  await withScratchPostgres(async (adminUrl) => {
    for (const service of SERVICE_NAMES) {
      const migrated = await makeTemplate(adminUrl, service);
      const described = await makeEmpty(adminUrl, `${service}_schema`, await schemaScript(service, migrated));
      const differences = await catalogDifferences(migrated, described);
      if (differences.length === 0) continue;
      const advice = `npm run migrate:dev -- ${service} <name> writes the missing migration`;
      throw new Error(
        `The ${service} service's migrations (-) and schema (+) disagree; ${advice}:\n${differences.join('\n')}`,
      );
    }
  });
}

function tool(script: string, ...args: readonly string[]): Promise<void> {
  return run(`node_modules/${script}`, ...args);
}

async function run(script: string, ...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [script, ...args], {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const output =
      error instanceof Error && 'stdout' in error && 'stderr' in error
        ? [error.stdout, error.stderr]
        : [error];
    throw new Error(output.map(String).join('\n').trim(), { cause: error });
  }
}
