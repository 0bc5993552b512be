/** What must hold when the faults are over: every answer that was given, every invariant, every order at its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { audit, type AuditReport } from '../audit/audit';
import { connectTemporal } from '../platform/temporal';
import { createCustomerDatabase } from '../prisma/customer/client';
import { createHistoryDatabase } from '../prisma/history/client';
import { createOrderDatabase, type OrderDatabase } from '../prisma/order/client';
import type { Cluster } from './cluster';
import type { Acknowledged } from './load';

/** What the issue of a fault may take, from the last fault on. */
const QUIET_WITHIN_MS = 30_000;
const QUIET_POLL_MS = 100;

export interface Verdict {
  readonly report: AuditReport;
  /** After the last fault; undefined: not in time. */
  readonly quietAfterMs: number | undefined;
  /** Answers that do not hold, in words. */
  readonly broken: readonly string[];
}

export async function verdictOf(cluster: Cluster, acknowledged: Iterable<Acknowledged>): Promise<Verdict> {
  const orders = createOrderDatabase(cluster.urlOf('order'));
  const customers = createCustomerDatabase(cluster.urlOf('customer'));
  const history = createHistoryDatabase(cluster.urlOf('history'));
  const { client, connection } = await connectTemporal(cluster.temporal);
  try {
    const quietAfterMs = await quiet(orders);
    const report = await audit({ databases: { orders, customers, history }, client });
    const broken: string[] = [];
    for (const each of acknowledged) broken.push(...(await brokenPromises(orders, each)));
    return { report, quietAfterMs, broken };
  } finally {
    await Promise.all([orders.$disconnect(), customers.$disconnect(), history.$disconnect()]);
    await connection.close();
  }
}

async function quiet(orders: OrderDatabase): Promise<number | undefined> {
  const began = Date.now();
  while (Date.now() - began < QUIET_WITHIN_MS) {
    const [row] = await orders.$queryRaw<{ open: bigint }[]>(
      sql`SELECT count(*) AS open FROM orders WHERE state NOT IN ('APPROVED', 'CANCELLED')`,
    );
    if (row?.open === 0n) return Date.now() - began;
    await sleep(QUIET_POLL_MS);
  }
  return undefined;
}

async function brokenPromises(
  orders: OrderDatabase,
  { orderId, customerId, amount, states, cancelled }: Acknowledged,
): Promise<string[]> {
  const order = await orders.order.findUnique({ where: { id: orderId } });
  if (!order) return [`${orderId} was acknowledged, and is not there`];
  const { state, cancellationReason } = order;
  const asked = order.customerId === customerId && order.totalMinor === BigInt(amount.replace('.', ''));
  return [
    ...(asked ? [] : [`${orderId} is not what was asked for`]),
    ...(cancelled && state !== 'CANCELLED' ? [`${orderId} was said to be cancelled, and is ${state}`] : []),
    ...(states.has('CANCELLED') && state !== 'CANCELLED'
      ? [`${orderId} was CANCELLED, and is ${state}`]
      : []),
    ...(states.has('APPROVED') && state === 'CANCELLED' && cancellationReason !== 'CUSTOMER_REQUEST'
      ? [`${orderId} was APPROVED, and is CANCELLED: ${String(cancellationReason)}`]
      : []),
  ];
}
