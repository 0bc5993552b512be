/** Worker Versioning that gives sagas to nobody: `/readyz` says so, and the command that it names helps. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ deployment: { name: 'shop', versioning: 'auto-upgrade' } });
});
afterAll(() => system.stop());

test('no version of the deployment is current', async () => {
  const customer = await newCustomer(system.url, '5.00');
  const early = placeOrder(system.url, customer, '1.00');
  const { status, body } = await call(`${system.url}/readyz`, 'GET');
  const reason =
    "no saga makes progress: no version of worker deployment shop is current; make this process's version current: " +
    'temporal worker deployment set-current-version --namespace saga-routing --deployment-name shop ' +
    `--build-id ${system.buildId}`;
  expect([status, body]).toMatchObject([
    503,
    { checks: { sagaRouting: 'unavailable' }, reasons: { sagaRouting: reason } },
  ]);

  expect(await early).toMatchObject({
    status: 503,
    body: {
      type: '/problems/temporal-unavailable',
      detail: expect.stringContaining('no worker runs its saga'),
    },
  });

  const [, command = ''] = /: temporal (.*)$/.exec(reason) ?? [];
  const cli = String(process.env['TEMPORAL_CLI_PATH']);
  const server = ['--address', testServers().temporal.address, '--yes'];
  await promisify(execFile)(cli, [...command.split(' '), ...server]);
  await eventually(async () =>
    (await call(`${system.url}/readyz`, 'GET')).status === 200 ? true : undefined,
  );
  const placed = await placeOrder(system.url, customer, '1.00', WAIT);
  expect(placed.body).toMatchObject({ state: 'APPROVED' });
});
