/** `npm run parked`: what it refuses before it sends anything, and what `npm run repair` does about what was given up. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId } from '../../domain/names';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { becomesClean } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let customer: string;

beforeEach(async () => {
  system = await startSystem({ order: { attentionAfterMs: 500 } });
  customer = await newCustomer(system.url, '10.00');
});
afterEach(() => system.stop());

const env = () => ({
  TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
  TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
  ORDER_DATABASE_URL: system.databases.orderUrl,
});
const parked = (...args: string[]) => operatorCommand('parked', args, env());
const onOrders = (statement: string) => rowsOf(system.databases.adminOrderUrl, statement);
const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);

/** A mistake in a migration: releasing fails permanently. */
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
const fixRelease = () => onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');

const place = async (headers: Record<string, string> = {}) =>
  String((await placeOrder(system.url, customer, '1.00', headers)).body['orderId']);

async function cancel(orderId: string): Promise<void> {
  expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
}

test('a decision without a matching step is refused, and no saga gets it', async () => {
  const [orderId, other] = [await place(WAIT), await place(WAIT)];
  await breakRelease();
  await cancel(orderId);
  const listed = await eventually(async () => {
    const answer = await parked();
    return answer.code === 1 ? answer : undefined;
  });
  expect(listed.stdout).toContain(`  release credit, since 20`);
  expect(listed.stdout).toContain(`1 waiting (${orderId}): releaseCredit: its database answered 42883`);
  expect(await parked('--retry', '--order', other)).toMatchObject({ code: 0, stdout: '0 parked\n' });
  for (const [args, refusal] of [
    [['--retry', '--by', ''], '"by" must be a text of 1 to 100 characters'],
    [['--give-up', '--reason', ' '], '"reason" must be a text of 1 to 500 characters'],
    [['--give-up', '--reason', 'x'.repeat(501)], '"reason" must be a text of 1 to 500 characters'],
    [['--give-up'], '--give-up needs a --reason'],
    [['--retry', '--give-up'], '--retry and --give-up exclude each other: use one'],
  ] as const)
    expect(await parked(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(refusal) });
  const saga = system.client.workflow.getHandle(cancelSagaWorkflowId(orderId));
  const { events } = await saga.fetchHistory();
  expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toEqual([]);
  // Before it is fixed: afterwards the server's next retry may be faster than the command.
  expect(await parked('--retry', '--json')).toMatchObject({
    stdout: expect.stringContaining('"outcome":"retry requested"'),
  });
  await fixRelease();
  await saga.result();
});

test('a cancelled order whose release was given up in both of its sagas: the repair releases it', async () => {
  await onOrders(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '42501'; END $$`);
  await onOrders(`CREATE TRIGGER refused BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.state = 'APPROVED') EXECUTE FUNCTION refuse()`);
  const orderId = await place();
  await eventually(async () => ((await parked()).stdout.includes('  approve, since') ? true : undefined));
  await breakRelease();
  await cancel(orderId);
  // The order's own saga finds at its next attempt that the order is cancelled, and compensates too.
  await eventually(async () => {
    await parked('--retry');
    return (await parked()).stdout.match(/ {2}release credit,/g)?.length === 2 ? true : undefined;
  });
  expect(await parked('--give-up', '--reason', 'OPS-20')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 parked, 2 given up'),
  });
  const { body: order } = await call(`${system.url}/orders/${orderId}`, 'GET');
  expect(order).toMatchObject({ state: 'CANCELLED', givenUp: { step: 'release credit', reason: 'OPS-20' } });
  await fixRelease();
  const repaired = await operatorCommand('repair', ['--apply', '--grace', '0.5'], {
    ...env(),
    CUSTOMER_DATABASE_URL: system.databases.customerUrl,
  });
  expect(repaired).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${cancelSagaWorkflowId(orderId)}: does not run, and 1 of its orders`),
  });
  await becomesClean(system.databases);
});
