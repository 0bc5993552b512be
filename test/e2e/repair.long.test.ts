/** `npm run repair` as an operator runs it: the sagas that it starts, the cases for a person, and a kill meanwhile. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startService } from '../../api/service';
import { cancelSagaWorkflowId, sagaWorkflowId } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { becomesClean } from '../support/invariants';
import { NOTHING_ELSE, operatorCommand } from '../support/operator-command';
import { holdCustomer } from '../support/outages';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let customer: string;

beforeEach(async () => {
  system = await startSystem();
  customer = await newCustomer(system.url, '10.00');
});
afterEach(() => system.stop());

const env = () => ({
  ORDER_DATABASE_URL: system.databases.orderUrl,
  CUSTOMER_DATABASE_URL: system.databases.customerUrl,
  TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
  TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
});
const repair = () => operatorCommand('repair', ['--apply', '--grace', '0.5'], env());

const onOrders = (text: string, orderId: string) => rowsOf(system.databases.adminOrderUrl, text, [orderId]);
const onCustomers = (text: string, orderId: string) =>
  rowsOf(system.databases.adminCustomerUrl, text, [orderId]);

async function approved(): Promise<string> {
  return String((await placeOrder(system.url, customer, '1.00', WAIT)).body['orderId']);
}

async function whenState(url: string, orderId: string, state: string): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const { body } = await call(`${url}/orders/${orderId}`, 'GET');
    return body['state'] === state ? body : undefined;
  });
}

/** Status of its last run, and which that is. */
async function lastRun(sagaId: string): Promise<[status: string, runId: string]> {
  const { status, runId } = await system.client.workflow.getHandle(sagaId).describe();
  return [status.name, runId];
}

/** Terminates the saga, and waits until the list of sagas knows. */
async function terminate(sagaId: string): Promise<void> {
  await system.client.workflow.getHandle(sagaId).terminate();
  await eventually(async () => {
    const query = `WorkflowId = '${sagaId}' AND ExecutionStatus = 'Terminated'`;
    return (await system.client.workflow.count(query)).count > 0 ? true : undefined;
  });
}

test('a lost order whose events exist is listed for a person, and no saga is started for it', async () => {
  const orderId = await approved();
  const [, before] = await lastRun(sagaWorkflowId([orderId]));
  await onOrders('DELETE FROM orders WHERE id = $1', orderId);
  const { code, stdout } = await repair();
  expect([code, stdout.split('\n')]).toEqual([
    1,
    [
      `${orderId}: credit is RESERVED for an order that does not exist`,
      `${orderId}: its row is gone, and OrderApproved (2) is there`,
      '0 started again, 0 could be (--apply), 2 for a person to look at',
      '',
    ],
  ]);
  expect((await lastRun(sagaWorkflowId([orderId])))[1]).toBe(before);
});

test('an approved order that holds another amount is listed for a person, and is not cancelled', async () => {
  const orderId = await approved();
  await onCustomers('UPDATE credit_reservations SET amount_minor = 99 WHERE order_id = $1', orderId);
  const { code, stdout } = await repair();
  expect(code).toBe(1);
  expect(stdout).toContain(`${orderId}: APPROVED, and holds other credit than its total`);
  expect(stdout).toMatch(/^0 started again/m);
  expect(await whenState(system.url, orderId, 'APPROVED')).not.toHaveProperty('attention');
});

test('a terminated saga that could not proceed is listed for a person, and is not started again', async () => {
  const orderId = await approved();
  await onCustomers('UPDATE credit_reservations SET amount_minor = 99 WHERE order_id = $1', orderId);
  await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
  await whenState(system.url, orderId, 'CANCELLING');
  const sagaId = cancelSagaWorkflowId(orderId);
  await terminate(sagaId);
  const { code, stdout } = await repair();
  expect(code).toBe(1);
  expect(stdout).toContain(`${orderId}: it is still CANCELLING`);
  expect(stdout).toMatch(/^0 started again/m);
  expect((await lastRun(sagaId))[0]).toBe('TERMINATED');
});

test('an accepted cancellation survives a repair that is killed while no worker runs', async () => {
  const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  const key = { 'Idempotency-Key': crypto.randomUUID() };
  const cancel = (url: string) => call(`${url}/orders/${orderId}/cancel`, 'POST', undefined, key);
  expect((await cancel(system.url)).status).toBe(202);
  const sagas = [sagaWorkflowId([orderId]), cancelSagaWorkflowId(orderId)];
  for (const sagaId of sagas) await terminate(sagaId);
  await system.stopService();
  await held.release();

  const command = path.join(ROOT, 'dist/ops/repair/repair-main.js');
  const killed = spawn(process.execPath, [command, '--apply', '--grace', '60'], {
    stdio: 'ignore',
    env: { ...NOTHING_ELSE, ...env() },
  });
  const gone = new Promise((resolve) => killed.once('exit', resolve));
  for (const sagaId of sagas)
    await eventually(async () => ((await lastRun(sagaId))[0] === 'RUNNING' ? true : undefined));
  killed.kill('SIGKILL');
  await gone;

  const service = await startService(system.settings, createLogger('silent'));
  try {
    expect(await repair()).toMatchObject({ code: 0, stderr: '' });
    expect(await whenState(service.url, orderId, 'CANCELLED')).toMatchObject({
      cancellationReason: 'CUSTOMER_REQUEST',
    });
    expect((await cancel(service.url)).status).toBe(200);
    await eventually(async () => {
      const [row] = await onCustomers('SELECT status FROM credit_reservations WHERE order_id = $1', orderId);
      return row?.['status'] === 'RELEASED' ? true : undefined;
    });
    await becomesClean(system.databases);
  } finally {
    await service.stop();
  }
});
