/** A step that must succeed and does not: it is told of, tried on, and an operator can hurry it or give it up. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { OrderRequest, Placement } from '../../domain/contracts';
import {
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  GIVE_UP_STEP,
  ORDER_TASK_QUEUE,
  RETRY_STEP,
  sagaWorkflowId,
} from '../../domain/names';
import { SAGA_FLAGS } from '../../domain/saga-start';
import { executeUpdate } from '../../platform/saga-update';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { auditOf, violations } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { giveDatabaseBack, hold, holdCustomer, takeDatabaseAway } from '../support/outages';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

/** 12 s: an operator's command is a process that starts, and comes before the pause is over by itself, however busy the machine. */
const LONG_PAUSE_MS = 12_000;

/** 20 s: on a machine that is busy with everything else. */
const ANSWER_WITHIN_MS = 20_000;

let system: TestSystem;
afterEach(() => system.stop());

async function order(orderId: string) {
  return (await call(`${system.url}/orders/${orderId}`, 'GET')).body;
}

const onOrders = (statement: string) => rowsOf(system.databases.adminOrderUrl, statement);
const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);

/** Releasing is refused for good: a mistake of whoever migrated. */
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
const mendRelease = () => onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');

/** Neither approving nor cancelling can be done. */
async function refuseUpdatesOfOrders(): Promise<void> {
  await onOrders(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '42501'; END $$`);
  await onOrders('CREATE TRIGGER refused BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION refuse()');
}

function attentionOf(orderId: string) {
  return eventually(async () => {
    const { attention } = await order(orderId);
    return Array.isArray(attention) ? (attention as { step: string; reason: string }[]) : undefined;
  });
}

const whenState = (orderId: string, state: string) =>
  eventually(async () => ((await order(orderId))['state'] === state ? state : undefined));

async function approvedOrder(): Promise<string> {
  const customer = await newCustomer(system.url, '10.00');
  return String((await placeOrder(system.url, customer, '1.00', WAIT)).body['orderId']);
}

/** As npm run parked. */
function parked(...args: string[]) {
  const { temporal } = testServers();
  return operatorCommand('parked', args, {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
  });
}

function repair() {
  const { temporal } = testServers();
  const { databases } = system;
  return operatorCommand('repair', ['--apply', '--grace', '1'], {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_DATABASE_URL: databases.customerUrl,
    SERVICES: system.settings.customer ? 'order,customer' : 'order',
  });
}

/** As the Temporal UI shows them. */
async function detailsOf(sagaId: string): Promise<string> {
  const handle = system.client.workflow.getHandle(sagaId);
  return (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
}

const eventsOf = async (sagaId: string) =>
  (await system.client.workflow.getHandle(sagaId).fetchHistory()).events ?? [];

async function quietAndRight(): Promise<void> {
  await eventually(async () => ((await violations(system.databases)).length === 0 ? true : undefined));
}

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  beforeEach(async () => {
    system = await startSystem({ placement, order: { attentionAfterMs: 500, creditCheckTimeoutMs: 1_000 } });
  });

  test('a database that stays away: the order says so, so does the audit; retried at once when it is back', async () => {
    const orderId = await approvedOrder();
    const sagaId = cancelSagaWorkflowId(orderId);
    await takeDatabaseAway(system.databases.adminCustomerUrl);
    expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
    expect(await attentionOf(orderId)).toMatchObject([{ step: 'release credit' }]);
    expect(await order(orderId)).toMatchObject({ state: 'CANCELLING' });
    expect(await detailsOf(sagaId)).toContain(
      '**Needs attention**: release credit keeps failing (1 waiting: ',
    );
    expect(await (await fetch(`${system.url}/metrics`)).text()).toContain('sagas_needing_attention 1\n');
    // The pause under way ends some seconds from now.
    await eventually(async () => {
      const timers = (await eventsOf(sagaId)).flatMap(
        ({ timerStartedEventAttributes: timer }) => timer ?? [],
      );
      const seconds = Number(timers.at(-1)?.startToFireTimeout?.seconds ?? 0);
      return seconds * 1_000 >= LONG_PAUSE_MS ? true : undefined;
    });
    await giveDatabaseBack(system.databases.adminCustomerUrl);
    expect(await parked('--retry', '--order', orderId, '--by', 'grace')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${sagaId}\n  release credit, since`),
    });
    await whenState(orderId, 'CANCELLED');
    await system.client.workflow.getHandle(sagaId).result();
    const events = await eventsOf(sagaId);
    const count = (attributes: keyof (typeof events)[number]) =>
      events.filter((event) => event[attributes]).length;
    expect(count('timerStartedEventAttributes') - count('timerFiredEventAttributes')).toBe(1);
    expect(await order(orderId)).not.toHaveProperty('attention');
    expect(await detailsOf(sagaId)).not.toContain('Needs attention');
    // Who had it retried, and when, stays in the history.
    const retried = events.find((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    const input = retried?.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    expect(input?.name).toBe(RETRY_STEP);
    expect(JSON.parse(Buffer.from(input?.args?.payloads?.[0]?.data ?? []).toString('utf8'))).toMatchObject({
      by: 'grace',
    });
    expect(retried?.eventTime).toBeDefined();
    await quietAndRight();
  });

  test('refused for good: parked, not lost; given up with a reason, mended, and run again by repair', async () => {
    const orderId = await approvedOrder();
    const sagaId = cancelSagaWorkflowId(orderId);
    await breakRelease();
    await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
    expect(await attentionOf(orderId)).toMatchObject([
      {
        step: 'release credit',
        reason: expect.stringContaining('releaseCredit: its database answered 42883'),
      },
    ]);
    const { needsAttention } = await auditOf(system.databases, { client: system.client }, 0);
    expect(needsAttention).toMatchObject([{ sagaId, needsAttention: ['release credit'] }]);

    const given = await parked(
      '--give-up',
      '--reason',
      'OPS-17: released by hand',
      '--by',
      'grace',
      '--order',
      orderId,
    );
    expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('1 parked, 1 told, 0 refused') });
    await expect(system.client.workflow.getHandle(sagaId).result()).rejects.toMatchObject({
      cause: {
        type: 'SagaGivenUp',
        message: 'release credit was given up by grace: OPS-17: released by hand',
      },
    });
    const known = { step: 'release credit', by: 'grace', reason: 'OPS-17: released by hand' };
    expect(await order(orderId)).toMatchObject({ state: 'CANCELLING', givenUp: known });
    const page = await call(`${system.url}/events?type=SagaStepGivenUp&limit=500`, 'GET');
    expect(page.body['items']).toMatchObject([
      { correlationid: sagaId, data: { orderId, amountMinor: 100, ...known } },
    ]);
    expect(await violations(system.databases)).not.toEqual([]);

    await mendRelease();
    expect(await repair()).toMatchObject({
      code: 0,
      stdout: [
        `${sagaId}: does not run, and 1 of its orders need it; started again`,
        '1 started again, 0 could be (--apply), 0 for a person to look at',
        '',
      ].join('\n'),
    });
    await whenState(orderId, 'CANCELLED');
    await quietAndRight();
  });

  test('a cancellation that was accepted before the order was given up is kept by the repair', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
    await refuseUpdatesOfOrders();
    expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
    await attentionOf(orderId);
    await parked('--give-up', '--reason', 'OPS-20', '--order', orderId);
    await expect(system.client.workflow.getHandle(sagaWorkflowId([orderId])).result()).rejects.toMatchObject({
      cause: { type: 'SagaFailed' },
    });
    await held.release();
    await onOrders('DROP TRIGGER refused ON orders');
    await repair();
    await whenState(orderId, 'CANCELLED');
    expect((await order(orderId))['cancellationReason']).toBe('CUSTOMER_REQUEST');
    await quietAndRight();
  });

  test('after the pivot: approvals that are refused are parked; mended, a batch of sagas is retried by a query', async () => {
    await refuseUpdatesOfOrders();
    const customer = await newCustomer(system.url, '10.00');
    const orderIds: string[] = [];
    while (orderIds.length < 2) {
      const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
      expect(await attentionOf(orderId)).toMatchObject([{ step: 'approve' }]);
      expect(await order(orderId)).toMatchObject({ state: 'PENDING' });
      orderIds.push(orderId);
    }
    const query = `OrderIds IN (${orderIds.map((orderId) => `'${orderId}'`).join(', ')})`;
    await eventually(async () =>
      (await parked('--query', query)).stdout.includes('2 parked') ? true : undefined,
    );
    // Too early: they are parked on.
    expect((await parked('--retry', '--query', query)).stdout).toContain('2 parked, 2 told, 0 refused');
    await onOrders('DROP TRIGGER refused ON orders');
    await parked('--retry', '--query', query);
    for (const orderId of orderIds) await whenState(orderId, 'APPROVED');
    await quietAndRight();
  });
});

test('given up while an attempt is under way', async () => {
  system = await startSystem({ order: { attentionAfterMs: 500 } });
  const orderId = await approvedOrder();
  const handle = system.client.workflow.getHandle(cancelSagaWorkflowId(orderId));
  const held = await hold(system.databases.adminCustomerUrl, 'LOCK TABLE credit_reservations');
  await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
  await attentionOf(orderId);
  await eventually(async () => {
    const waiting = await onCustomers(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return waiting.length > 0 ? true : undefined;
  });
  const request = { by: 'grace', reason: 'OPS-19' };
  const update = { sagaId: handle.workflowId, update: GIVE_UP_STEP, request };
  expect(await executeUpdate(system.client, update, ANSWER_WITHIN_MS)).toEqual([orderId]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'SagaGivenUp' } });
  await held.release();
});

describe('in a group', () => {
  beforeEach(async () => {
    system = await startSystem({ order: { creditCheckTimeoutMs: 500 } });
  });

  test('one order is parked and given up, its neighbours end; a batch is told by query', async () => {
    const customerId = await newCustomer(system.url, '10.00');
    const orders = Array.from({ length: 3 }, (): OrderRequest => ({
      orderId: crypto.randomUUID(),
      customerId,
      totalMinor: 100,
      currency: 'USD',
    }));
    const [conflicting, ...others] = orders.map(({ orderId }) => orderId);
    const lock = `SELECT FROM customers WHERE id = '${customerId}' FOR UPDATE`;
    const held = await hold(system.databases.adminCustomerUrl, lock);
    const handle = await system.client.workflow.start(CREATE_ORDER_SAGA, {
      workflowId: sagaWorkflowId(orders.map(({ orderId }) => orderId)),
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ placement: 'colocated', creditCheckTimeoutMs: 500, ...SAGA_FLAGS, orders }],
    });
    for (const { orderId } of orders) await whenState(orderId, 'CANCELLED');
    await held.query(
      `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
       VALUES ($1, $2, 'by hand', 1, 'USD', 'RELEASED')`,
      [conflicting, customerId],
    );
    await held.release();
    const { stdout } = await eventually(async () => {
      const listed = await parked();
      return listed.code === 1 ? listed : undefined;
    });
    expect(stdout).toContain(`1 waiting (${String(conflicting)}): credit is reserved with other content`);

    // The wrong ones find nothing, and say so.
    const [other] = others;
    for (const [update, request, refusal] of [
      [RETRY_STEP, { by: 'grace', orderId: other }, `no step of order ${String(other)} is parked`],
      [RETRY_STEP, {}, '"by" must be a text'],
      [GIVE_UP_STEP, { by: 'grace', orderId: conflicting }, '"reason" must be a text'],
      [GIVE_UP_STEP, { by: 'grace', reason: ' ' }, '"reason" must be a text'],
    ] as const) {
      const told = { sagaId: handle.workflowId, update, request };
      const refused = executeUpdate(system.client, told, ANSWER_WITHIN_MS);
      await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining(refusal) } });
    }

    const query = `NeedsAttention = 'release credit' AND WorkflowType = '${CREATE_ORDER_SAGA}'`;
    const given = await parked('--give-up', '--reason', 'OPS-18', '--query', query);
    expect(given.stdout).toContain(`giveUpStep: ${String(conflicting)}\n`);
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'SagaFailed', message: expect.stringContaining('1 of 3 orders failed') },
    });
    for (const id of others) {
      const [row] = await onCustomers(`SELECT status FROM credit_reservations WHERE order_id = '${id}'`);
      expect(row).toEqual({ status: 'RELEASED' });
    }
    expect(await parked()).toMatchObject({ code: 0, stdout: '0 parked\n' });
  });
});
