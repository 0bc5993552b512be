/** A step that must succeed and does not: it is shown, retried, and an operator can retry it at once or give it up. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tsToMs } from '@temporalio/common/lib/time';
import { cancelSagaWorkflowId } from '../../domain/names';
import { type Placement, RETRY_STEP } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { auditOf, violations, becomesClean } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { allowConnections, refuseConnections } from '../support/outages';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

/** 5 s are left of the server's pause: an operator's command is a process that starts, and must come first. */
const LEFT_OF_PAUSE_MS = 5_000;

let system: TestSystem;

async function order(orderId: string) {
  return (await call(`${system.url}/orders/${orderId}`, 'GET')).body;
}

const onOrders = (statement: string) => rowsOf(system.databases.adminOrderUrl, statement);
const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);

/** Releasing fails permanently: a mistake in a migration. */
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
const fixRelease = () => onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');

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
    ORDER_DATABASE_URL: system.databases.orderUrl,
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

async function idleAndClean(): Promise<void> {
  await becomesClean(system.databases);
}

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  beforeAll(async () => {
    system = await startSystem({ placement, order: { attentionAfterMs: 500, creditCheckTimeoutMs: 1_000 } });
  });
  afterAll(() => system.stop());

  test('a long outage: the order and the audit show the parked step; it is retried at once after the recovery', async () => {
    const orderId = await approvedOrder();
    const sagaId = cancelSagaWorkflowId(orderId);
    await refuseConnections(system.databases.adminCustomerUrl);
    expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
    expect(await attentionOf(orderId)).toMatchObject([{ step: 'release credit' }]);
    expect(await order(orderId)).toMatchObject({ state: 'CANCELLING' });
    expect(await detailsOf(sagaId)).toContain(
      '**Needs attention**: release credit keeps failing (1 waiting: ',
    );
    expect(await (await fetch(`${system.url}/metrics`)).text()).toContain('sagas_needing_attention 1\n');
    await eventually(async () => {
      const { raw } = await system.client.workflow.getHandle(sagaId).describe();
      const nextAttempt = raw.pendingActivities?.[0]?.scheduledTime;
      return nextAttempt && tsToMs(nextAttempt) - Date.now() >= LEFT_OF_PAUSE_MS ? true : undefined;
    });
    await allowConnections(system.databases.adminCustomerUrl);
    expect(await parked('--retry', '--order', orderId, '--by', 'grace')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${sagaId}\n  release credit, since`),
    });
    await whenState(orderId, 'CANCELLED');
    await system.client.workflow.getHandle(sagaId).result();
    expect(await order(orderId)).not.toHaveProperty('attention');
    expect(await detailsOf(sagaId)).not.toContain('Needs attention');
    const events = await eventsOf(sagaId);
    // The attempt that the server was pausing with was not waited for.
    const count = (attributes: keyof (typeof events)[number]) =>
      events.filter((event) => event[attributes]).length;
    expect(count('activityTaskCancelRequestedEventAttributes')).toBe(1);
    expect(count('activityTaskCompletedEventAttributes')).toBe(1);
    // Who had it retried, and when, stays in the history.
    const retried = events.find((event) => event.workflowExecutionSignaledEventAttributes);
    const signal = retried?.workflowExecutionSignaledEventAttributes;
    expect(signal?.signalName).toBe(RETRY_STEP);
    expect(JSON.parse(Buffer.from(signal?.input?.payloads?.[0]?.data ?? []).toString('utf8'))).toMatchObject({
      by: 'grace',
    });
    expect(retried?.eventTime).toBeDefined();
    await idleAndClean();
  });

  test('a permanent failure: parked, not lost; given up with a reason, fixed, and run again by repair', async () => {
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
    expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('1 parked, 1 given up') });
    await expect(system.client.workflow.getHandle(sagaId).result()).rejects.toMatchObject({
      cause: {
        type: 'SagaFailed',
        message: `1 of 1 failed: ${orderId}: release credit was given up by grace: OPS-17: released by hand`,
        // Each workflow's failure keeps two frames: more would be taken of every promise, too.
        cause: { type: 'SagaGivenUp', stack: expect.stringMatching(/^.*\n +at sagaFailure .*\n +at .*$/) },
      },
    });
    const known = { step: 'release credit', by: 'grace', reason: 'OPS-17: released by hand' };
    expect(await order(orderId)).toMatchObject({ state: 'CANCELLING', givenUp: known });
    const page = await call(`${system.url}/events?type=SagaStepGivenUp&limit=500`, 'GET');
    expect(page.body['items']).toMatchObject([
      { correlationid: sagaId, data: { orderId, amountMinor: 100, ...known } },
    ]);
    expect(await violations(system.databases)).not.toEqual([]);

    await fixRelease();
    expect(await repair()).toMatchObject({
      code: 0,
      stdout: [
        `${sagaId}: does not run, and 1 of its orders need it; started again`,
        '1 started again, 0 could be (--apply), 0 for a person to look at',
        '',
      ].join('\n'),
    });
    await whenState(orderId, 'CANCELLED');
    await idleAndClean();
  });

  test('after the pivot: approvals that fail permanently are parked; fixed, a batch of sagas is retried by a query', async () => {
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
    await eventually(async () => {
      const { count } = await system.client.workflow.count(`${query} AND NeedsAttention IS NOT NULL`);
      return count === 2 ? true : undefined;
    });
    // Too early: they stay parked.
    expect((await parked('--retry', '--query', query)).stdout).toContain('2 parked, 2 retry requested');
    await onOrders('DROP TRIGGER refused ON orders');
    await parked('--retry', '--query', query);
    for (const orderId of orderIds) await whenState(orderId, 'APPROVED');
    await idleAndClean();
  });
});
