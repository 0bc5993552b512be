/** `npm run bench -- readers`: what placing an order takes alone, and beside many readers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { withClient } from '../../platform/postgres-session';
import { ROOT } from '../../platform/project-paths';
import { endWithThisProcess } from '../local/child';
import { step } from '../local/progress.cjs';
import { type Measured, measured } from './measure';
import { startColocated } from './product';
import type { ReaderTask } from './reader-load';
import { approved, newCustomers, steadily } from './requests';
import { startBenchServers } from './servers';

/** A quiet store. Readers must not make it slow. */
const ORDERS_PER_SECOND = 15;

/** 20 s: 300 orders, after readers have begun. */
const MEASURE_MS = 20_000;

/** 20 orders, or the first ones of a process would count. */
const WARM_UP = 20;

const CUSTOMERS = 20;

/** Twice as long as alone. */
const RATIO_MAX = 2;

const LOADS: readonly Omit<ReaderTask, 'url'>[] = [
  { kind: 'streams', readers: 200 },
  { kind: 'polls', readers: 1_000 },
  { kind: 'lists', readers: 30 },
];

export interface ReadersResult {
  readonly measures: Readonly<Record<string, Measured & { readonly ratio: number }>>;
  /** Whether each p50 is below twice that of the orders alone. */
  readonly met: boolean;
}

/** @param listedOrders that the lists are over */
export async function measureReaders(listedOrders: number): Promise<ReadersResult> {
  const servers = await startBenchServers(['readers']);
  const product = await startColocated(servers, 'readers');
  try {
    await step(`filling in ${String(listedOrders)} orders`, () =>
      fillOrders(servers.adminUrl('order'), listedOrders),
    );
    const customers = await newCustomers(product.url, CUSTOMERS);
    await measureOrders(product.url, customers, (begun) => begun < WARM_UP);
    const alone = await step('orders alone', () => measureFor(product.url, customers));
    const measures: Record<string, Measured & { ratio: number }> = { 'orders alone': { ...alone, ratio: 1 } };
    for (const load of LOADS) {
      const name = `orders beside ${String(load.readers)} ${load.kind}`;
      const taken = await step(name, () =>
        besideReaders({ ...load, url: product.url }, () => measureFor(product.url, customers)),
      );
      measures[name] = { ...taken, ratio: taken.p50 / alone.p50 };
      console.log(name, measures[name]);
    }
    return { measures, met: Object.values(measures).every(({ ratio }) => ratio < RATIO_MAX) };
  } finally {
    await product.stop();
    await servers.stop();
  }
}

export function printReaders({ measures, met }: ReadersResult): void {
  for (const [name, { p50, p99, ratio }] of Object.entries(measures))
    console.log(
      `${name.padEnd(32)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${ratio.toFixed(2)} times alone`,
    );
  console.log(`each below ${String(RATIO_MAX)} times alone: ${met ? 'yes' : 'no'}`);
}

function measureFor(url: string, customers: readonly string[]): Promise<Measured> {
  const until = performance.now() + MEASURE_MS;
  return measureOrders(url, customers, () => performance.now() < until);
}

async function measureOrders(
  url: string,
  customers: readonly string[],
  shouldContinue: (begun: number) => boolean,
): Promise<Measured> {
  const began = performance.now();
  const latencies = await steadily(ORDERS_PER_SECOND, shouldContinue, (index) =>
    approved(url, customers[index % customers.length] ?? ''),
  );
  return measured(latencies, performance.now() - began);
}

async function besideReaders<T>(task: ReaderTask, work: () => Promise<T>): Promise<T> {
  const readers = spawn(
    process.execPath,
    [path.join(ROOT, 'dist/tools/bench/reader-load.js'), JSON.stringify(task)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  endWithThisProcess(readers);
  const failed = once(readers, 'exit').then(() => {
    throw new Error(`the ${task.kind} have ended`);
  });
  try {
    await Promise.race([once(readers.stdout, 'data'), failed]);
    return await Promise.race([work(), failed]);
  } finally {
    failed.catch(() => undefined);
    readers.kill();
  }
}

/** Decided orders of other customers, in the order of their times. */
async function fillOrders(adminUrl: string, count: number): Promise<void> {
  await withClient(adminUrl, 'bench', async (admin) => {
    await admin.query(
      `INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, version, created_at)
       SELECT gen_random_uuid(), 'filled', gen_random_uuid(), 100, 'USD', 'APPROVED', 2, now() - n * interval '1 second'
       FROM generate_series(1, $1::integer) n`,
      [count],
    );
    await admin.query('VACUUM ANALYZE orders');
  });
}
