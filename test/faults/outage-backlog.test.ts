/**
 * The customer database hangs while orders arrive: every order is accepted and decided in time, other customers are
 * not affected, and the backlog is processed after the recovery while new orders are accepted.
 */
import { afterEach, expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { type Answer, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { becomesClean } from '../support/invariants';
import { allowConnections, holdCustomer, refuseConnections } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

/** 60 orders a second for 20 s, twice as long as their credit may take. */
const APART_MS = 1_000 / 60;
const OUTAGE_MS = 20_000;
const CREDIT_CHECK_TIMEOUT_MS = 10_000;

/** The most that a decision may be late. */
const MAX_DELAY_S = 10;

let system: TestSystem;
afterEach(() => system.stop());

/** Sends orders at that rate until `ms` have passed, and waits for their answers. */
async function steadily(customers: readonly string[], ms: number): Promise<Answer[]> {
  const answers: Promise<Answer>[] = [];
  const until = Date.now() + ms;
  await new Promise<void>((resolve) => {
    const sending = setInterval(() => {
      answers.push(placeOrder(system.url, String(customers[answers.length % customers.length]), '0.01'));
      if (Date.now() < until) return;
      clearInterval(sending);
      resolve();
    }, APART_MS);
  });
  return Promise.all(answers);
}

const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

async function allDecided(): Promise<void> {
  await eventually(async () => {
    const [open] = await rowsOf(
      system.databases.adminOrderUrl,
      "SELECT count(*)::int AS orders FROM orders WHERE state NOT IN ('APPROVED', 'CANCELLED')",
    );
    return open?.['orders'] === 0 ? true : undefined;
  }, 60_000);
}

test('an outage at 60 orders per second: 202 throughout, CREDIT_CHECK_TIMEOUT in time, and approvals afterwards', async () => {
  system = await startSystem({ order: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS } });
  const customers = await Promise.all(Array.from({ length: 5 }, () => newCustomer(system.url, '100.00')));
  await refuseConnections(system.databases.adminCustomerUrl);
  expect(statuses(await steadily(customers, OUTAGE_MS))).toEqual([202]);
  await allowConnections(system.databases.adminCustomerUrl);
  expect(statuses(await steadily(customers, OUTAGE_MS / 4))).toEqual([202]);
  await allDecided();
  const late = await rowsOf(
    system.databases.adminOrderUrl,
    `SELECT id FROM orders WHERE updated_at - created_at > make_interval(secs => $1)`,
    [CREDIT_CHECK_TIMEOUT_MS / 1_000 + MAX_DELAY_S],
  );
  expect(late).toEqual([]);
  const reasons = await rowsOf(
    system.databases.adminOrderUrl,
    `SELECT DISTINCT state, cancellation_reason AS reason FROM orders ORDER BY state`,
  );
  expect(reasons).toEqual([
    { state: 'APPROVED', reason: null },
    { state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' },
  ]);
  // The workers of the next test would run what is left of the sagas on other databases.
  await eventually(async () => {
    const { count } = await system.client.workflow.count('ExecutionStatus = "Running"');
    return count === 0 ? true : undefined;
  }, 90_000);
  await becomesClean(system.databases, {}, 60_000);
}, 240_000);

test('one locked customer at 60 orders per second: its orders wait, and those of other customers are approved at once', async () => {
  system = await startSystem({ order: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS } });
  const [locked, free] = [await newCustomer(system.url, '100.00'), await newCustomer(system.url, '100.00')];
  const held = await holdCustomer(system.databases.adminCustomerUrl, locked);
  const waiting = steadily([locked], OUTAGE_MS);
  for (let order = 0; order < 10; order += 1) {
    const { status, body } = await placeOrder(system.url, free, '0.01', WAIT);
    expect([status, body['state']]).toEqual([201, 'APPROVED']);
  }
  expect(statuses(await waiting)).toEqual([202]);
  await held.release();
  await allDecided();
  await becomesClean(system.databases, {}, 60_000);
}, 240_000);
