/** A Temporal server hangs (SIGSTOP): its connections stay open and nothing answers. The API answers within its timeouts. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import { scratchFolder } from '../../tools/local/scratch-postgres';
import { type EmbeddedTemporal, startTemporal } from '../../tools/local/temporal';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { holdCustomer, type Lock } from '../support/outages';
import { freePort } from '../../tools/local/free-port';
import { commonSettings, orderSettings } from '../support/system';

const NAMESPACE = 'hangs';

/** Tolerance for a busy machine, in addition to the timeouts. */
const BESIDE_MS = 3_000;

let folder: string;
let temporal: EmbeddedTemporal;
let databases: TestDatabases;
let service: RunningService;
let url: string;
let customer: string;
let approved: string;
/** Its saga is parked, so a read of the order queries Temporal. */
let cancelling: string;
let held: Lock;

beforeAll(async () => {
  folder = scratchFolder();
  mkdirSync(path.join(folder, 'logs'), { recursive: true });
  const cliPath = process.env['TEMPORAL_CLI_PATH'] ?? 'temporal';
  const port = await freePort();
  temporal = await startTemporal({ cliPath, dataDir: folder, port, namespaces: [NAMESPACE] });
  databases = await createTestDatabases();
  const logger = createLogger('silent');
  installTemporalRuntime(logger);
  service = await startService(
    {
      ...commonSettings(),
      temporal: { address: temporal.address, namespace: NAMESPACE },
      order: { ...orderSettings(databases.orderUrl), attentionAfterMs: 500 },
      customer: { databaseUrl: databases.customerUrl },
    },
    logger,
  );
  ({ url } = service);
  customer = await newCustomer(url, '100.00');
  [approved, cancelling] = [await place(), await place()];
  held = await holdCustomer(databases.adminCustomerUrl, customer);
  expect((await cancel(cancelling)).status).toBe(202);
  await eventually(async () => ('attention' in (await get(`/orders/${cancelling}`)).body ? true : undefined));
  temporal.child.process.kill('SIGSTOP');
});
afterAll(async () => {
  temporal.child.process.kill('SIGCONT');
  await service.stop();
  await temporal.stop();
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

const place = async () => String((await placeOrder(url, customer, '1.00', WAIT)).body['orderId']);
const get = (resource: string) => call(`${url}${resource}`, 'GET');
const cancel = (orderId: string) => call(`${url}/orders/${orderId}/cancel`, 'POST');

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const began = Date.now();
  const result = await work;
  expect(Date.now() - began).toBeLessThan(limitMs + BESIDE_MS);
  return result;
}

function expectUnavailable({ status, headers, body }: Answer): void {
  expect([status, body['type']]).toEqual([503, '/problems/temporal-unavailable']);
  expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
}

test('requests that need Temporal get 503 in bounded time; all others are answered at once', async () => {
  const [placed, cancelled, one, parked, readiness] = await Promise.all([
    within(10_000, placeOrder(url, customer, '2.00')),
    within(8_000, cancel(approved)),
    within(0, get(`/orders/${approved}`)),
    within(1_000, get(`/orders/${cancelling}`)),
    within(2_000, get('/readyz')),
  ]);
  expectUnavailable(placed);
  expect(placed.body['detail']).toMatch(
    /^It is not known yet whether the order is placed\. Look for it at \/orders\//,
  );
  expectUnavailable(cancelled);
  expect(cancelled.body['detail']).toMatch(/^It is not known yet whether the order will be cancelled\./);
  expect([one.status, one.body['state']]).toEqual([200, 'APPROVED']);
  // Without the parked steps, which only Temporal knows.
  expect([parked.status, parked.body['state']]).toEqual([200, 'CANCELLING']);
  expect(parked.body).not.toHaveProperty('attention');
  expect(readiness.body).toMatchObject({ checks: { temporal: 'unavailable', orderDatabase: 'ok' } });
});

test("the operators' command reports that it failed to run", async () => {
  const command = operatorCommand('parked', ['--retry'], {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: NAMESPACE,
    ORDER_DATABASE_URL: databases.orderUrl,
  });
  // 5 s for the connection, and what a process needs to start.
  const { code, stderr } = await within(10_000, command);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^The command failed to run: .*cannot be reached/),
  ]);
});

test('when Temporal answers again, nothing was lost, and the sagas resume', async () => {
  temporal.child.process.kill('SIGCONT');
  await held.release();
  await eventually(async () => ((await get('/readyz')).status === 200 ? true : undefined));
  expect((await placeOrder(url, customer, '1.00', WAIT)).status).toBe(201);
  // The unconfirmed cancellation takes effect now or with the repeated request, never twice.
  const again = await cancel(approved);
  expect([202, 409]).toContain(again.status);
  for (const orderId of [approved, cancelling])
    await eventually(async () =>
      (await get(`/orders/${orderId}`)).body['state'] === 'CANCELLED' ? true : undefined,
    );
});
