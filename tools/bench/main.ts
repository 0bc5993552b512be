/** `npm run bench`: the measures of orders, or of the audit. */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { flag, options, positiveWholeNumber, runCommand } from '../../platform/command';
import { ROOT } from '../../platform/project-paths';
import { step } from '../local/progress.cjs';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { AUDITED_MIN, measureAudit, printAudits } from './audit';
import { measureAuthCost, printAuthCost } from './auth-cost';
import { measureClients, printClients } from './clients';
import { measureEventCost, printEventCost } from './event-cost';
import { measureFeed, printFeed } from './feed';
import { measureIdle, printIdle } from './idle';
import { measureLag, printLag } from './lag';
import { type Measure, type Measured, median, WARM_UP_SHARE } from './measure';
import { NAMESPACES, startMeasures } from './measure-suite';
import { measureMemory, printMemory } from './memory';
import { measurePeers, printPeers } from './peers';
import { measureProcesses, printProcesses } from './processes';
import { measureProfile, printProfile } from './profile';
import { measureReaders, printReaders } from './readers';
import { type Judged, printMeasures, printRatios, ratiosOf } from './report';
import { type BenchServers, startBenchServers } from './servers';
import { measureStatements, printStatements } from './statements';
import { measureTables, printTables } from './tables';

/** Defaults of --orders: in a run with forty in flight, and of the other commands. */
const ORDERS = 2_000;
const MANY_ORDERS = 1_000_000;
const MEMORY_ORDERS = 100_000;
const STATEMENT_LISTS = 400;
const FEED_ORDERS = 20_000;
const PROFILED_ORDERS = 10_000;
const LAG_ORDERS = 400;

const USAGE = `npm run bench               orders per second over HTTP, and the baselines, in one run on the same servers
npm run bench -- audit      time and memory of the audit
npm run bench -- readers    orders beside event streams, long polls and readers of lists
npm run bench -- events     orders with and without relays and the order history
npm run bench -- peers      orders beside Restate, DBOS and Temporal's own samples, which it installs
npm run bench -- statements the steps' statements through Prisma and through the driver alone
npm run bench -- tables     orders with a million orders in the tables, and with empty tables
npm run bench -- memory     memory of the process after 100,000 orders, and after a tenth of them
npm run bench -- auth       orders with and without access tokens
npm run bench -- clients    an order of one client alone, and beside another client at full speed
npm run bench -- feed       events of the relay and of the order history
npm run bench -- processes  orders with one, two and four order services, and the processor time of each part
npm run bench -- lag        how far consumers and the order history are behind
npm run bench -- idle       the processor time of start:distributed in a minute without requests, by process
npm run bench -- profile    the processor time of an order alone and of one of 200 in flight, by part

  --orders N    orders in a run, default: ${String(ORDERS)}; audited, listed or in the tables, default: ${String(MANY_ORDERS)};
                placed to measure memory, default: ${String(MEMORY_ORDERS)}; statements, default: ${String(STATEMENT_LISTS)};
                whose events are applied, default: ${String(FEED_ORDERS)}; profiled, default: ${String(PROFILED_ORDERS)};
                whose delays are measured, default: ${String(LAG_ORDERS)}
  --rounds N    how often each measure is taken; default: 3
  --only WORDS  only measures whose name contains the words; may be repeated
  --json FILE   where the figures are written; default: a new file in .data/bench
  --strict      exit code 1 when a target ratio is missed

Compare timings only within a run, because they depend on the machine.`;

const readOptions = options(
  {
    orders: positiveWholeNumber.optional(),
    rounds: positiveWholeNumber.default(3),
    only: z.array(z.string()).default(['']),
    json: z.string().optional(),
    strict: flag,
  },
  z
    .array(
      z.enum([
        'audit',
        'readers',
        'events',
        'auth',
        'clients',
        'peers',
        'statements',
        'tables',
        'memory',
        'feed',
        'processes',
        'idle',
        'lag',
        'profile',
      ]),
    )
    .max(1),
);

type Options = ReturnType<typeof readOptions>;

const COMMANDS: Readonly<Record<string, (options: Options) => Promise<number>>> = {
  audit: async (options) => finish(await measureAudit(options.orders ?? MANY_ORDERS), printAudits, options),
  readers: async (options) =>
    finish(await measureReaders(options.orders ?? MANY_ORDERS), printReaders, options),
  events: async (options) =>
    finish(await measureEventCost(options.orders ?? ORDERS, options.rounds), printEventCost, options),
  auth: async (options) =>
    finish(await measureAuthCost(options.orders ?? ORDERS, options.rounds), printAuthCost, options),
  clients: async (options) => finish(await measureClients(), printClients, options),
  peers: async (options) =>
    finish(await measurePeers(options.orders ?? ORDERS, options.rounds, options.only), printPeers, options),
  statements: async (options) =>
    finish(await measureStatements(options.orders ?? STATEMENT_LISTS), printStatements, options),
  tables: async (options) =>
    finish(await measureTables(options.orders ?? MANY_ORDERS, ORDERS, options.rounds), printTables, options),
  memory: async (options) =>
    finish(await measureMemory(options.orders ?? MEMORY_ORDERS), printMemory, options),
  feed: async (options) => finish(await measureFeed(options.orders ?? FEED_ORDERS), printFeed, options),
  processes: async (options) =>
    finish(
      await measureProcesses(options.orders ?? ORDERS, options.rounds, options.only),
      printProcesses,
      options,
    ),
  lag: async (options) =>
    finish(await measureLag(options.orders ?? LAG_ORDERS, options.rounds), printLag, options),
  idle: async (options) => finish(await measureIdle(options.rounds), printIdle, options),
  profile: async (options) =>
    finish(await measureProfile(options.orders ?? PROFILED_ORDERS), printProfile, options),
};

runCommand({
  usage: USAGE,
  read: (args) => {
    const wish = readOptions(args);
    if (wish.words[0] === 'audit' && wish.orders !== undefined && wish.orders < AUDITED_MIN)
      throw new Error(`--orders of an audit must be at least ${String(AUDITED_MIN)}`);
    return wish;
  },
  run: (wish) => {
    installTemporalRuntime(createLogger('silent'));
    const [word = ''] = wish.words;
    return (COMMANDS[word] ?? benchOrders)(wish);
  },
});

/** Prints and writes a result. @returns the exit code */
function finish<Result extends Judged>(
  result: Result,
  printed: (result: Result) => void,
  options: Options,
): number {
  const { met = true, ratios = [] } = result;
  const configuration = configurationOf();
  console.log(configuration);
  printed(result);
  if (ratios.length > 0) printRatios(ratios);
  write({ configuration, ...result }, options);
  return options.strict && !(met && ratios.every((ratio) => ratio.met)) ? 1 : 0;
}

async function benchOrders(options: Options): Promise<number> {
  const servers = await startBenchServers(NAMESPACES);
  try {
    const results = await measureAll(servers, options);
    const ran = { ordersInARun: options.orders ?? ORDERS, rounds: options.rounds };
    return finish({ ...ran, results, ratios: ratiosOf(results) }, printMeasures, options);
  } finally {
    await servers.stop();
  }
}

/** Runs every measure once per round, so that a slow minute affects all measures. */
async function measureAll(servers: BenchServers, { orders = ORDERS, rounds, only }: Options) {
  const measures = await step('starting the measured processes', () => startMeasures(servers));
  try {
    const selected = measures.all.filter(({ name }) => only.some((part) => name.includes(part)));
    for (const measure of selected) {
      await step(`warming up: ${measure.name}`, () => measure.run(orders * WARM_UP_SHARE));
    }
    const taken = new Map<Measure, Measured[]>(selected.map((measure) => [measure, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const [measure, results] of taken) {
        const label = `round ${String(round)} of ${String(rounds)}: ${measure.name}`;
        results.push(await step(label, () => measure.run(orders)));
      }
    }
    return Object.fromEntries([...taken].map(([{ name }, results]) => [name, median(results)]));
  } finally {
    await measures.close();
  }
}

function configurationOf() {
  return {
    node: process.version,
    machine: `${process.platform} ${process.arch}, ${String(os.cpus().length)} cores`,
    groups: `50 orders, ${process.env['SAGA_GROUPS_IN_FLIGHT'] ?? 'default'} in flight`,
    durability: 'Postgres fsync and synchronous_commit on; SQLite WAL, synchronous=full',
  };
}

function write(run: object, { json }: Options): void {
  const name = `${new Date().toISOString().replaceAll(':', '-')}.json`;
  const file = json ?? path.join(ROOT, '.data', 'bench', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`Written to ${path.relative(process.cwd(), file)}`);
}
