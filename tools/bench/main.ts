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
import { measureEventCost, printEventCost } from './event-cost';
import { type Measure, type Measured, median, WARM_UP_SHARE } from './measure';
import { measureMemory, NAMESPACES, startMeasures } from './measure-suite';
import { print, printRatios, type Ratio, ratiosOf } from './report';
import { measureReaders, printReaders } from './readers';
import { type BenchServers, startBenchServers } from './servers';

/** Defaults of --orders: in a run with forty in flight, and in the audit. */
const ORDERS = 2_000;
const AUDITED_ORDERS = 1_000_000;
const LISTED_ORDERS = 1_000_000;

const USAGE = `npm run bench            orders per second over HTTP, and the baselines, in one run on the same servers
npm run bench -- audit   time and memory of the audit
npm run bench -- readers orders beside event streams, long polls and readers of lists
npm run bench -- events  orders with and without relays and the order history

  --orders N    orders in a run with forty in flight, default: ${String(ORDERS)}; or audited, default: ${String(AUDITED_ORDERS)}
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
  z.array(z.enum(['audit', 'readers', 'events'])).max(1),
);

type Options = ReturnType<typeof readOptions>;

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
    const [what] = wish.words;
    if (what === 'audit') return benchAudit(wish);
    if (what === 'events') return benchEvents(wish);
    return what === 'readers' ? benchReaders(wish) : benchOrders(wish);
  },
});

async function benchReaders(options: Options): Promise<number> {
  const result = await measureReaders(options.orders ?? LISTED_ORDERS);
  const configuration = configurationOf();
  console.log(configuration);
  printReaders(result);
  write({ configuration, ...result }, options);
  return options.strict && !result.met ? 1 : 0;
}

async function benchEvents(options: Options): Promise<number> {
  const result = await measureEventCost(options.orders ?? ORDERS, options.rounds);
  const configuration = configurationOf();
  console.log(configuration);
  printEventCost(result);
  write({ configuration, ...result }, options);
  return options.strict && !result.met ? 1 : 0;
}

async function benchAudit(options: Options): Promise<number> {
  const { audits, ratios } = await measureAudit(options.orders ?? AUDITED_ORDERS);
  const configuration = configurationOf();
  console.log(configuration);
  printAudits(audits);
  printRatios(ratios);
  write({ configuration, audits, ratios }, options);
  return exitCodeOf(ratios, options);
}

async function benchOrders(options: Options): Promise<number> {
  const servers = await startBenchServers(NAMESPACES);
  try {
    const results = await measureAll(servers, options);
    const memory = options.only.includes('') ? await measureMemory(servers) : undefined;
    const ratios = ratiosOf(results, memory);
    const configuration = {
      ...configurationOf(),
      ordersInARun: options.orders ?? ORDERS,
      rounds: options.rounds,
      groups: `50 orders, ${process.env['SAGA_GROUPS_IN_FLIGHT'] ?? 'default'} in flight`,
    };
    console.log(configuration);
    print(results, ratios);
    write({ configuration, results, memoryMb: memory, ratios }, options);
    return exitCodeOf(ratios, options);
  } finally {
    await servers.stop();
  }
}

function exitCodeOf(ratios: readonly Ratio[], { strict }: Options): number {
  return strict && ratios.some(({ met }) => !met) ? 1 : 0;
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
