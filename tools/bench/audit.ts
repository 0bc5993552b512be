/**
 * `npm run bench -- audit`: the audit's time and memory with a number of orders, and with a tenth of them. Temporal
 * has sagas only for the thousand open orders; the audit does not query the sagas of completed orders.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { orderIdsAttribute } from '../../api/orders/saga-types';
import { ROOT } from '../../platform/project-paths';
import { step } from '../local/progress.cjs';
import { CREATE_ORDER_SAGA, ORDER_TASK_QUEUE } from '../../domain/names';
import { connectTemporal } from '../../platform/temporal';
import { fill, OPEN_GROUP, OPEN_ORDERS, openOrders } from './filled-databases';
import { processorSeconds } from './processor-time';
import { type Ratio, ratioOf } from './report';
import { type BenchServers, startBenchServers } from './servers';

const NAMESPACE = 'audit';

/** A tenth must include all open orders. */
export const AUDITED_MIN = 10 * OPEN_ORDERS;

const USAGE_POLL_MS = 50;

interface Audited {
  readonly orders: number;
  readonly seconds: number;
  /** Of the audit's process alone. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the audit's process, MB. */
  readonly peakMb: number;
}

interface AuditCost {
  readonly audits: readonly Audited[];
  readonly ratios: readonly Ratio[];
}

const answerSchema = z.object({
  invariants: z.record(z.string(), z.object({ checked: z.int(), inFlight: z.int(), violated: z.int() })),
});

/**
 * @param orders at least AUDITED_MIN
 * @throws Error when the audit does not report every order, exactly the open ones in flight, and no violation
 */
export async function measureAudit(orders: number): Promise<AuditCost> {
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const tenth = Math.ceil(orders / 1_000) * 100;
    await step(`inserting ${String(tenth)} orders`, () => fill(servers.adminUrl, { from: 1, to: tenth }));
    await step('starting the sagas of the open orders', () => startSagas(servers));
    const few = await step(`auditing ${String(tenth)} orders`, () => audited(servers, tenth));
    const all = 10 * tenth;
    await step(`inserting ${String(all - tenth)} more orders`, () =>
      fill(servers.adminUrl, { from: tenth + 1, to: all }),
    );
    const many = await step(`auditing ${String(all)} orders`, () => audited(servers, all));
    return {
      audits: [few, many],
      ratios: [
        ratioOf('audit, most memory with ten times the orders', many.peakMb / few.peakMb, { most: 1.3 }),
        ratioOf('audit, CPU time with ten times the orders', many.cpuSeconds / few.cpuSeconds, { most: 11 }),
      ],
    };
  } finally {
    await servers.stop();
  }
}

/** There is no worker, so the sagas stay open until the servers stop. */
async function startSagas({ adminUrl, temporalAddress }: BenchServers): Promise<void> {
  const { client, connection } = await connectTemporal({ address: temporalAddress, namespace: NAMESPACE });
  for (const [workflowId, ids] of await openOrders(adminUrl('order'))) {
    await client.workflow.start(CREATE_ORDER_SAGA, {
      workflowId,
      taskQueue: ORDER_TASK_QUEUE,
      typedSearchAttributes: [{ key: orderIdsAttribute, value: [...ids] }],
    });
  }
  await connection.close();
}

async function audited({ databases, temporalAddress }: BenchServers, orders: number): Promise<Audited> {
  const began = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/ops/audit/audit-main.js'), '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ORDER_DATABASE_URL: databases.orderUrl,
      CUSTOMER_DATABASE_URL: databases.customerUrl,
      ORDER_HISTORY_DATABASE_URL: databases.historyUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: NAMESPACE,
    },
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  let usage = { cpuSeconds: 0, peakMb: 0 };
  const sampling = setInterval(() => {
    usage = usageOf(child) ?? usage;
  }, USAGE_POLL_MS);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(sampling);
  const seconds = (performance.now() - began) / 1_000;
  requireComplete(printed, orders);
  return { orders, seconds, ...usage };
}

/** @returns undefined when the process has exited */
function usageOf({ pid = 0 }: ChildProcess): Pick<Audited, 'cpuSeconds' | 'peakMb'> | undefined {
  try {
    const [, kb] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
    const cpuSeconds = processorSeconds(pid);
    return kb === undefined || cpuSeconds === undefined
      ? undefined
      : { cpuSeconds, peakMb: Number(kb) / 1024 };
  } catch {
    return undefined;
  }
}

function requireComplete(printed: string, orders: number): void {
  const { invariants } = answerSchema.parse(JSON.parse(printed));
  for (const [name, { checked, inFlight, violated }] of Object.entries(invariants)) {
    const expected = name === 'credit' ? orders / 100 : orders;
    const open = name === 'terminal' || name === 'saga' ? OPEN_ORDERS : 0;
    if (checked !== expected || inFlight !== open || violated !== 0)
      throw new Error(
        `${name}: ${String(checked)} checked, ${String(inFlight)} in flight, ${String(violated)} violated`,
      );
  }
}

export function printAudits({ audits }: AuditCost): void {
  console.log(`${String(OPEN_ORDERS)} orders in flight in ${String(OPEN_ORDERS / OPEN_GROUP)} sagas`);
  console.table(
    audits.map(({ orders, seconds, cpuSeconds, peakMb }) => ({
      orders,
      seconds: seconds.toFixed(1),
      'orders a second': (orders / seconds).toFixed(0),
      'CPU seconds': cpuSeconds.toFixed(1),
      'peak MB': peakMb.toFixed(0),
    })),
  );
}
