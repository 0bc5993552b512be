/** The product's own audit over a test's databases. */
import type { Client } from '@temporalio/client';
import { audit, type AuditReport } from '../../ops/audit/audit';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createHistoryDatabase } from '../../prisma/history/client';
import { createOrderDatabase } from '../../prisma/order/client';
import type { TestDatabases } from './databases';
import { eventually } from './http';

interface Scope {
  /** Without it invariant 6 is left out, and every order must be at its end. */
  readonly client?: Client;
  readonly withHistory?: boolean;
}

/** @returns what the audit finds, with `graceMs` for what is only under way */
export async function auditOf(
  tested: TestDatabases,
  { client, withHistory = false }: Scope,
  graceMs: number,
): Promise<AuditReport> {
  const orders = createOrderDatabase(tested.orderUrl);
  const customers = createCustomerDatabase(tested.customerUrl);
  const history = withHistory ? createHistoryDatabase(tested.historyUrl) : undefined;
  try {
    return await audit({ databases: { orders, customers, history }, client }, { graceMs });
  } finally {
    await Promise.all([orders.$disconnect(), customers.$disconnect(), history?.$disconnect()]);
  }
}

/** @returns what is wrong when all is quiet, in words */
export async function violations(databases: TestDatabases, scope: Scope = {}): Promise<string[]> {
  const { violations: found } = await auditOf(databases, scope, 0);
  return found.map(({ invariant, subject, words }) => `${invariant}: ${subject}: ${words}`);
}

/** Waits until nothing is wrong. @throws Error with what is still wrong */
export async function becomesClean(
  databases: TestDatabases,
  scope: Scope = {},
  withinMs = 30_000,
): Promise<void> {
  let wrong: string[] = [];
  await eventually(async () => {
    wrong = await violations(databases, scope);
    return wrong.length === 0 ? true : undefined;
  }, withinMs).catch((error: unknown) => {
    throw new Error(`still wrong: ${wrong.slice(0, 10).join('; ')}`, { cause: error });
  });
}
