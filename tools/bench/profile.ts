/**
 * `npm run bench -- profile`: where the processor time of an order goes in the colocated product, as shipped: by thread, and
 * within the threads of JavaScript by part.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../platform/project-paths';
import { step } from '../local/progress.cjs';
import { scratchFolder } from '../local/scratch-postgres';
import { until } from '../local/until';
import { WARM_UP_SHARE } from './measure';
import { processorSeconds, serverSeconds, threadSeconds } from './processor-time';
import { type Product, startShipped } from './product';
import { IDLE, secondsByPart } from './profile-parts';
import type { Judged } from './report';
import { approved, newCustomers, steadily } from './requests';
import { type BenchServers, MANY_CUSTOMERS, startBenchServers } from './servers';

const NAMESPACE = 'profile';

/** One order every 50 ms, for 30 s. */
const ALONE_PER_SECOND = 20;
const ALONE_ORDERS = 600;
/** As many before, for the compiler. */
const ALONE_WARM_UP = 300;

/** 30 s: a profile is some megabytes of JSON. */
const WRITTEN_WITHIN_MS = 30_000;

/** Milliseconds of processor time for an order, by part; of the servers too. */
type OrderCost = Readonly<Record<string, number>>;

interface ProfileResult extends Judged {
  readonly costs: Readonly<Record<string, OrderCost>>;
}

interface Shape {
  readonly name: string;
  readonly orders: number;
  readonly warmUp: (product: Product) => Promise<unknown>;
  readonly run: (product: Product) => Promise<unknown>;
}

/** @param orders of the run with 200 in flight */
export async function measureProfile(orders: number): Promise<ProfileResult> {
  const load = (count: number) => (product: Product) =>
    product.load({ inFlight: 200, orders: count, customers: MANY_CUSTOMERS });
  const shapes: readonly Shape[] = [
    { name: 'one alone', orders: ALONE_ORDERS, warmUp: alone(ALONE_WARM_UP), run: alone(ALONE_ORDERS) },
    { name: '200 in flight', orders, warmUp: load(Math.ceil(orders * WARM_UP_SHARE)), run: load(orders) },
  ];
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const costs: Record<string, OrderCost> = {};
    for (const shape of shapes) costs[shape.name] = await step(shape.name, () => profiled(servers, shape));
    return { costs };
  } finally {
    await servers.stop();
  }
}

function alone(count: number): (product: Product) => Promise<unknown> {
  return async ({ url }) => {
    const customers = await newCustomers(url, 1);
    return steadily(
      ALONE_PER_SECOND,
      (begun) => begun < count,
      () => approved(url, customers[0] ?? ''),
    );
  };
}

async function profiled(servers: BenchServers, { orders, warmUp, run }: Shape): Promise<OrderCost> {
  const folder = mkdtempSync(path.join(scratchFolder(), 'profile-'));
  const product = await startShipped(servers, NAMESPACE, {
    NODE_OPTIONS: `--require ${path.join(ROOT, 'dist/tools/bench/record-profile.js')}`,
    PROFILE_FOLDER: folder,
  });
  try {
    await warmUp(product);
    writeFileSync(path.join(folder, 'begin'), '');
    const before = usageOf(product, servers);
    await run(product);
    const after = usageOf(product, servers);
    writeFileSync(path.join(folder, 'end'), '');
    const profiles = await profilesIn(folder);
    return costOf(product.pid, { before, after, profiles, orders });
  } finally {
    await product.stop();
    rmSync(path.dirname(folder), { recursive: true, force: true });
  }
}

interface Usage {
  readonly threads: ReturnType<typeof threadSeconds>;
  /** Of the product's process. */
  readonly process: number;
  readonly postgres: number;
  readonly temporal: number;
}

function usageOf({ pid }: Product, { postgresPids, temporalPid }: BenchServers): Usage {
  return {
    threads: threadSeconds(pid),
    process: processorSeconds(pid) ?? NaN,
    postgres: postgresPids.reduce((sum, each) => sum + serverSeconds(each), 0),
    temporal: serverSeconds(temporalPid),
  };
}

/** @returns seconds by part, by thread */
async function profilesIn(folder: string): Promise<ReadonlyMap<number, ReadonlyMap<string, number>>> {
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  // One of the main thread, and one of the SDK's thread for workflows.
  const written = await until(() => files().length >= 2, { everyMs: 50, withinMs: WRITTEN_WITHIN_MS });
  if (!written) throw new Error(`only ${String(files().length)} threads have written a profile`);
  const parsed = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
  return new Map(files().map((name) => [Number.parseInt(name), secondsByPart(parsed(name))]));
}

interface Recorded {
  readonly before: Usage;
  readonly after: Usage;
  readonly profiles: ReadonlyMap<number, ReadonlyMap<string, number>>;
  readonly orders: number;
}

/** A part has the share of its thread's processor time that it has of the samples in which the thread was not idle. */
function costOf(pid: number, { before, after, profiles, orders }: Recorded): OrderCost {
  const cost: Record<string, number> = {};
  const add = (part: string, seconds: number) => {
    cost[part] = (cost[part] ?? 0) + (seconds * 1_000) / orders;
  };
  let ofThreads = 0;
  for (const [thread, { name, seconds }] of after.threads) {
    const spent = seconds - (before.threads.get(thread)?.seconds ?? 0);
    const parts = profiles.get(thread);
    if (!parts && !name.startsWith('tokio')) continue;
    ofThreads += spent;
    if (!parts) {
      add('SDK: threads of its core', spent);
      continue;
    }
    const busy = [...parts].filter(([part]) => part !== IDLE);
    const all = busy.reduce((sum, [, own]) => sum + own, 0);
    for (const [part, own] of busy)
      add(`${thread === pid ? 'main' : 'workflows'}: ${part}`, (spent * own) / all);
  }
  // Also of those that have ended, as the one that guards the time limit of each call into the sandbox.
  add('other threads of Node', after.process - before.process - ofThreads);
  add('Postgres', after.postgres - before.postgres);
  add('Temporal', after.temporal - before.temporal);
  return cost;
}

export function printProfile({ costs }: ProfileResult): void {
  const shapes = Object.values(costs);
  const parts = new Set(shapes.flatMap((cost) => Object.keys(cost)));
  const most = (part: string) => Math.max(...shapes.map((cost) => cost[part] ?? 0));
  console.log(`milliseconds of processor time for an order: ${Object.keys(costs).join(', ')}`);
  const row = (name: string, values: readonly number[]) =>
    `${name.padEnd(44)}${values.map((ms) => ms.toFixed(3).padStart(9)).join('')}`;
  for (const part of [...parts].sort((a, b) => most(b) - most(a)))
    console.log(
      row(
        part,
        shapes.map((cost) => cost[part] ?? 0),
      ),
    );
  const total = (cost: OrderCost) => Object.values(cost).reduce((sum, ms) => sum + ms, 0);
  console.log(row('all', shapes.map(total)));
}
