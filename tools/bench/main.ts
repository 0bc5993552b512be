/**
 * `npm run bench`: orders per second over HTTP and the baselines, in one run on the same servers. Compare timings
 * only within a run, because they depend on the machine. `npm run bench -- audit` measures the audit.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../platform/project-paths';
import { step } from '../local/progress.cjs';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { measureAudit, printAudits } from './audit';
import { type Measure, type Measured, median } from './measure';
import { measureMemory, NAMESPACES, startMeasures } from './measure-suite';
import { print, printRatios, type Ratio, ratiosOf } from './report';
import { measureReaders, printReaders } from './readers';
import { type BenchServers, startBenchServers } from './servers';

/** A quarter of a round fills pools, plans and the compiler's caches. */
const WARM_UP_SHARE = 1 / 4;

/** Defaults of --orders: in a run with forty in flight, and in the audit. */
const ORDERS = 2_000;
const AUDITED_ORDERS = 1_000_000;
const LISTED_ORDERS = 1_000_000;

const { values: options, positionals } = parseOptions();

const ordersInARun = Number(options.orders ?? ORDERS);

function parseOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        orders: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        /** Only measures whose name contains one of these. */
        only: { type: 'string', multiple: true, default: [''] },
        json: { type: 'string' },
        /** Exit code 1 when a target ratio is missed. */
        strict: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return process.exit(2);
  }
}

async function main(): Promise<number> {
  installTemporalRuntime(createLogger('silent'));
  const [what] = positionals;
  if (what === undefined) return benchOrders();
  if (what === 'audit') return benchAudit();
  if (what === 'readers') return benchReaders();
  throw new Error(`Unknown benchmark: ${what}. Available: audit, readers, or none for the orders.`);
}

async function benchReaders(): Promise<number> {
  const result = await measureReaders(Number(options.orders ?? LISTED_ORDERS));
  const configuration = configurationOf();
  console.log(configuration);
  printReaders(result);
  write({ configuration, ...result });
  return options.strict && !result.met ? 1 : 0;
}

async function benchAudit(): Promise<number> {
  const { audits, ratios } = await measureAudit(Number(options.orders ?? AUDITED_ORDERS));
  const configuration = configurationOf();
  console.log(configuration);
  printAudits(audits);
  printRatios(ratios);
  write({ configuration, audits, ratios });
  return exitCodeOf(ratios);
}

async function benchOrders(): Promise<number> {
  const servers = await startBenchServers(NAMESPACES);
  try {
    const results = await measureAll(servers);
    const memory = options.only.includes('') ? await measureMemory(servers) : undefined;
    const ratios = ratiosOf(results, memory);
    const configuration = {
      ...configurationOf(),
      ordersInARun,
      rounds: Number(options.rounds),
      groups: `50 orders, ${process.env['SAGA_GROUPS_IN_FLIGHT'] ?? 'default'} in flight`,
    };
    console.log(configuration);
    print(results, ratios);
    write({ configuration, results, memoryMb: memory, ratios });
    return exitCodeOf(ratios);
  } finally {
    await servers.stop();
  }
}

function exitCodeOf(ratios: readonly Ratio[]): number {
  return options.strict && ratios.some(({ met }) => !met) ? 1 : 0;
}

/** Runs every measure once per round, so that a slow minute affects all measures. */
async function measureAll(servers: BenchServers) {
  const measures = await step('starting the measured processes', () => startMeasures(servers));
  try {
    const selected = measures.all.filter(({ name }) => options.only.some((part) => name.includes(part)));
    for (const measure of selected) {
      await step(`warming up: ${measure.name}`, () => measure.run(ordersInARun * WARM_UP_SHARE));
    }
    const taken = new Map<Measure, Measured[]>(selected.map((measure) => [measure, []]));
    for (let round = 1; round <= Number(options.rounds); round++) {
      for (const [measure, results] of taken) {
        const label = `round ${String(round)} of ${options.rounds}: ${measure.name}`;
        results.push(await step(label, () => measure.run(ordersInARun)));
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

function write(run: object): void {
  const name = `${new Date().toISOString().replaceAll(':', '-')}.json`;
  const file = options.json ?? path.join(ROOT, '.data', 'bench', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`Written to ${path.relative(process.cwd(), file)}`);
}

// Exits explicitly: the schema engine leaves a ten-second timer running.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
