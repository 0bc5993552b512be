/**
 * `npm run bench`: orders a second over HTTP, beside two floors, in one run on the same servers. Timings are
 * compared with each other only: the machine is in all of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../dev/paths';
import { step } from '../dev/progress.cjs';
import { createLogger } from '../platform/logger';
import { installTemporalRuntime } from '../platform/temporal';
import { type Measured, median } from './measure';
import { type Measure, measureMemory, NAMESPACES, startMeasures } from './measures';
import { print, ratiosOf } from './report';
import { type BenchServers, startBenchServers } from './servers';

/** A quarter of a round fills pools, plans and the compiler's caches. */
const WARM_UP_SHARE = 1 / 4;

const { values: options } = parseArgs({
  options: {
    /** Orders in a run with forty in flight. */
    orders: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    /** Only measures whose name has this in it. */
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    /** Exit code 1 when a ratio is not reached. */
    strict: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  installTemporalRuntime(createLogger('silent'));
  const servers = await startBenchServers(NAMESPACES);
  try {
    const results = await measureAll(servers);
    const memory = options.only === '' ? await measureMemory(servers) : undefined;
    const ratios = ratiosOf(results, memory);
    const configuration = configurationOf();
    console.log(configuration);
    print(results, ratios);
    write({ configuration, results, memoryMb: memory, ratios });
    return options.strict && ratios.some(({ met }) => !met) ? 1 : 0;
  } finally {
    await servers.stop();
  }
}

/** Round after round, so that a slow minute of the machine is in every measure. */
async function measureAll(servers: BenchServers) {
  const measures = await step('starting what is measured', () => startMeasures(servers));
  try {
    const asked = measures.all.filter(({ name }) => name.includes(options.only));
    for (const measure of asked) {
      await step(`warming up: ${measure.name}`, () => measure.run(Number(options.orders) * WARM_UP_SHARE));
    }
    const taken = new Map<Measure, Measured[]>(asked.map((measure) => [measure, []]));
    for (let round = 1; round <= Number(options.rounds); round++) {
      for (const [measure, results] of taken) {
        const label = `round ${String(round)} of ${options.rounds}: ${measure.name}`;
        results.push(await step(label, () => measure.run(Number(options.orders))));
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
    ordersInARun: Number(options.orders),
    rounds: Number(options.rounds),
    groups: `50 orders, ${process.env['SAGA_GROUPS_IN_FLIGHT'] ?? 'default'} in flight`,
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
