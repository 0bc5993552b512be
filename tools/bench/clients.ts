/** `npm run bench -- clients`: what an order of one client takes alone, and beside another client at full speed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { SCOPES } from '../../api/http/principal';
import { ROOT } from '../../platform/project-paths';
import { endWithThisProcess } from '../local/child';
import { step } from '../local/progress.cjs';
import { AUDIENCE, startIdentityProvider } from '../local/token-issuer';
import type { BusyTask } from './busy-client';
import { type Measured, measured } from './measure';
import { startShipped } from './product';
import { type Ratio, ratioOf } from './report';
import { approved, type Caller, newCustomers, steadily } from './requests';
import { startBenchServers } from './servers';

const NAMESPACE = 'clients';

/** A shop that is open: its requests are far below the limit of a client. */
const ORDERS_PER_SECOND = 15;

/** 20 s: 300 orders. */
const MEASURE_MS = 20_000;

/** 20 orders, or the first ones of a process would count. */
const WARM_UP = 20;

const CUSTOMERS = 20;

/** More than one client's orders in flight: it meets both limits, of orders at once and of requests a minute. */
const BUSY_CALLERS = 300;

/** Twice as long as alone. */
const RATIO_MAX = 2;

/** With the limits that the product has by default. */
export interface ClientsResult {
  readonly measures: Readonly<Record<string, Measured>>;
  /** The answers of the client at full speed, by status. */
  readonly busyAnswers: string;
  readonly ratios: readonly Ratio[];
}

export async function measureClients(): Promise<ClientsResult> {
  const servers = await startBenchServers([NAMESPACE]);
  const issuer = await startIdentityProvider();
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const token = (sub: string) => issuer.token({ sub, scope: SCOPES.join(' '), exp });
  const product = await startShipped(servers, NAMESPACE, {
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: AUDIENCE,
  });
  try {
    const calm = { url: product.url, token: await token('calm') };
    const customers = await newCustomers(calm, CUSTOMERS);
    await measureOrders(calm, customers, (begun) => begun < WARM_UP);
    const alone = await step('one client alone', () => measureFor(calm, customers));
    const busy = { url: product.url, token: await token('busy') };
    const [customerId = ''] = await newCustomers(busy, 1);
    const { taken: beside, answers } = await step('beside a client at full speed', () =>
      besideBusyClient({ ...busy, customerId, callers: BUSY_CALLERS }, () => measureFor(calm, customers)),
    );
    return {
      measures: { 'one client alone': alone, 'beside a client at full speed': beside },
      busyAnswers: answers,
      ratios: [
        ratioOf('p50 beside a client at full speed to alone', beside.p50 / alone.p50, { most: RATIO_MAX }),
      ],
    };
  } finally {
    await product.stop();
    await issuer.stop();
    await servers.stop();
  }
}

export function printClients({ measures, busyAnswers }: ClientsResult): void {
  for (const [name, { p50, p99 }] of Object.entries(measures))
    console.log(`${name.padEnd(30)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  console.log(`answers of the client at full speed, by status: ${busyAnswers}`);
}

function measureFor(caller: Caller, customers: readonly string[]): Promise<Measured> {
  const until = performance.now() + MEASURE_MS;
  return measureOrders(caller, customers, () => performance.now() < until);
}

async function measureOrders(
  caller: Caller,
  customers: readonly string[],
  shouldContinue: (begun: number) => boolean,
): Promise<Measured> {
  const began = performance.now();
  const latencies = await steadily(ORDERS_PER_SECOND, shouldContinue, (index) =>
    approved(caller, customers[index % customers.length] ?? ''),
  );
  return measured(latencies, performance.now() - began);
}

async function besideBusyClient<Result>(task: BusyTask, measure: () => Promise<Result>) {
  const script = path.join(ROOT, 'dist/tools/bench/busy-client.js');
  const child = spawn(process.execPath, [script, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithThisProcess(child);
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await once(child.stdout, 'data');
  try {
    const taken = await measure();
    child.kill('SIGTERM');
    await once(child, 'close');
    return { taken, answers: printed.replace('busy', '').trim() };
  } finally {
    child.kill('SIGKILL');
  }
}
