/**
 * `npm run check [-- <check>…]`: static checks, and the migrations on a scratch Postgres. Runs every check and
 * prints each result.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { catalogDifferences, schemaScript } from '../../prisma/check-migrations';
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { ROOT } from '../../platform/project-paths';
import { makeEmpty, makeTemplate, withScratchPostgres } from './scratch-postgres';

type Check = () => Promise<void>;

const checks: Readonly<Record<string, Check>> = {
  types: () => tool('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  lint: () => tool('eslint/bin/eslint.js', '.', '--max-warnings', '0'),
  format: () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  'import table': () => tool('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'err', '.'),
  'dead code': () => tool('knip/bin/knip.js', '--no-progress'),
  'workflow bundle': () => run('dist/tools/local/build-bundle.js'),
  migrations: checkMigrations,
};

async function main(requested: readonly string[]): Promise<number> {
  const unknown = requested.filter((name) => !(name in checks));
  if (unknown.length > 0) {
    throw new Error(
      `Unknown check: ${unknown.join(', ')}. Available checks: ${Object.keys(checks).join(', ')}`,
    );
  }
  let failures = 0;
  for (const [name, check] of Object.entries(checks)) {
    if (requested.length > 0 && !requested.includes(name)) continue;
    const began = Date.now();
    const failure = await check().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`  ${failure === undefined ? '✓' : '✗'} ${name} (${seconds} s)`);
    if (failure === undefined) continue;
    failures += 1;
    console.log(failure);
  }
  return failures;
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

// Exits explicitly: the schema engine leaves a ten-second timer running.
main(process.argv.slice(2)).then(
  (failures) => process.exit(failures === 0 ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
