/**
 * `npm run bench`: orders a second over HTTP, beside two baselines, in one run on the same servers. Timings are
 * compared with each other only: the machine is in all of them. `npm run bench -- audit` measures the audit.
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
import { type BenchServers, startBenchServers } from './servers';

/** A quarter of a round fills pools, plans and the compiler's caches. */
const WARM_UP_SHARE = 1 / 4;

/** Orders in a run with forty in flight, and those that are audited. */
const ORDERS = 2_000;
const AUDITED_ORDERS = 1_000_000;

const { values: options, positionals } = asked();

const ordersInARun = Number(options.orders ?? ORDERS);

function asked() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        orders: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        /** Only measures whose name has one of these in it. */
        only: { type: 'string', multiple: true, default: [''] },
        json: { type: 'string' },
        /** Exit code 1 when a ratio is not reached. */
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
  throw new Error(`npm run bench -- ${what}: there is only audit`);
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

/** Round after round, so that a slow minute of the machine is in every measure. */
async function measureAll(servers: BenchServers) {
  const measures = await step('starting what is measured', () => startMeasures(servers));
  try {
    const asked = measures.all.filter(({ name }) => options.only.some((part) => name.includes(part)));
    for (const measure of asked) {
      await step(`warming up: ${measure.name}`, () => measure.run(ordersInARun * WARM_UP_SHARE));
    }
    const taken = new Map<Measure, Measured[]>(asked.map((measure) => [measure, []]));
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

// Exits by itself: the schema engine leaves a timer of ten seconds behind.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
