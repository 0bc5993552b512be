/** Checks after the faults: every answer, every invariant, every order completed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Client } from '@temporalio/client';
import { audit, type AuditReport } from '../../ops/audit/audit';
import type { AuditedSystem } from '../../ops/audit/recheck';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createHistoryDatabase } from '../../prisma/history/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { type Acknowledged, placeOrder } from './acknowledged-order';
import { brokenGuarantees, otherAnswer, placedAfterRefusal } from './client-guarantees';
import type { Cluster } from './cluster';
import type { Load } from './load';
import type { RetryingClient } from './retrying-client';
import { runningSagas } from './running-sagas';
import { tooLongRuns } from './saga-histories';

const POLL_MS = 100;

/** 100 of the orders, from the whole run, are requested again with their keys. */
const REPEATED_ORDERS = 100;

/** 30 s for these requests. */
const REPEATED_ORDERS_TIMEOUT_MS = 30_000;

export interface FinalChecks {
  readonly report: AuditReport;
  /** How long all of it may take, milliseconds. */
  readonly withinMs: number;
  /** Milliseconds after the last fault; undefined: not in time. */
  readonly after: {
    /** Every caller had its answer. */
    readonly answered: number | undefined;
    /** Every process was ready. */
    readonly ready: number | undefined;
    /** Every order was completed, and no saga was running. */
    readonly quiet: number | undefined;
    /** The audit was clean; it waits for work in progress. */
    readonly clean: number | undefined;
  };
  /** Sagas still running at the deadline, and what they wait for. */
  readonly stillRunning: readonly string[];
  /** Answers that do not hold, and processes that did not recover. */
  readonly broken: readonly string[];
  /** Number of acknowledged orders. */
  readonly acknowledged: number;
  /** Orders requested again with their keys. */
  readonly repeated: number;
}

interface Clock {
  /** Monotonic clock; every wait here counts from this time. */
  readonly lastFaultAt: number;
  readonly withinMs: number;
}

export async function runFinalChecks(
  cluster: Cluster,
  load: Load,
  client: Client,
  { lastFaultAt, withinMs }: Clock,
): Promise<FinalChecks> {
  const orders = createOrderDatabase(cluster.urlOf('order'));
  const customers = createCustomerDatabase(cluster.urlOf('customer'));
  const history = createHistoryDatabase(cluster.urlOf('history'));
  const since = () => performance.now() - lastFaultAt;
  const left = () => Math.max(withinMs - since(), 0);
  const broken: string[] = [];
  try {
    const invalid = load.client.invalidCount;
    const [answered, ready] = await Promise.all([
      load.end(left()).then(() => (load.client.invalidCount === invalid ? since() : undefined)),
      whenReady(cluster, left, broken).then((all) => (all ? since() : undefined)),
    ]);
    const system = { databases: { orders, customers, history }, client };
    const { report, quiet, clean } = await whenClean(system, orders, client, { since, left });
    const stillRunning = clean === undefined ? await runningSagas(client) : [];
    for (const each of load.acknowledged.values()) {
      const order = await orders.order.findUnique({ where: { id: each.orderId } });
      broken.push(...brokenGuarantees(each, order));
    }
    const placed = await orders.order.findMany({ where: { id: { in: [...load.notPlaced] } } });
    broken.push(...placed.map(placedAfterRefusal), ...(await tooLongRuns(client)));
    const some = sample([...load.acknowledged.values()], REPEATED_ORDERS);
    broken.push(...(await otherAnswers(load.client, some)));
    const { size: acknowledged } = load.acknowledged;
    return {
      report,
      withinMs,
      after: { answered, ready, quiet, clean },
      stillRunning,
      broken,
      acknowledged,
      repeated: some.length,
    };
  } finally {
    await Promise.all([orders.$disconnect(), customers.$disconnect(), history.$disconnect()]);
  }
}

async function whenReady({ all }: Cluster, left: () => number, broken: string[]): Promise<boolean> {
  const ready = all.map((process) =>
    process.ready(left()).then(
      () => true,
      (error: unknown) => {
        broken.push(String(error));
        return false;
      },
    ),
  );
  return (await Promise.all(ready)).every(Boolean);
}

/**
 * Audits when no order is open and no saga runs; repeats while work is in flight and time is left, and once
 * at the deadline.
 */
async function whenClean(
  system: AuditedSystem,
  orders: OrderDatabase,
  client: Client,
  { since, left }: { readonly since: () => number; readonly left: () => number },
): Promise<{ report: AuditReport } & Pick<FinalChecks['after'], 'quiet' | 'clean'>> {
  let quiet: number | undefined;
  for (;;) {
    const inTime = left() > 0;
    if (inTime && !(await isQuiet(orders, client))) {
      await sleep(POLL_MS);
      continue;
    }
    if (inTime) quiet ??= since();
    const report = await audit(system);
    const { length: stuck } = report.needsAttention;
    const clean = stuck === 0 && Object.values(report.invariants).every(isClean);
    if (clean) return { report, quiet, clean: left() > 0 ? since() : undefined };
    if (!inTime || report.violations.length > 0) return { report, quiet, clean: undefined };
  }
}

function isClean({
  inFlight,
  violated,
}: AuditReport['invariants'][keyof AuditReport['invariants']]): boolean {
  return inFlight === 0 && violated === 0;
}

async function isQuiet(orders: OrderDatabase, client: Client): Promise<boolean> {
  const [row] = await orders.$queryRaw<{ open: bigint }[]>(
    sql`SELECT count(*) AS open FROM orders WHERE state NOT IN ('APPROVED', 'CANCELLED')`,
  );
  if (row?.open !== 0n) return false;
  return (await client.workflow.count(`ExecutionStatus = 'Running'`)).count === 0;
}

/** Repeats requests without waiting; each must return the order as first answered. */
async function otherAnswers(client: RetryingClient, some: readonly Acknowledged[]): Promise<string[]> {
  client.giveUpIn(REPEATED_ORDERS_TIMEOUT_MS);
  const other: string[] = [];
  for (const each of some) other.push(...otherAnswer(each, await client.untilAnswered(placeOrder(each))));
  return other;
}

function sample<T>(all: readonly T[], most: number): T[] {
  const stride = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, index) => index % stride === 0);
}
