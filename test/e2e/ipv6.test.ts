/** The product on IPv6 addresses and on every interface: what it says of itself works, and it reaches itself and others. */
import os from 'node:os';
import { afterEach, expect, test } from '@jest/globals';
import { startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { proxyTo } from '../support/cuttable-proxy';
import { createTestDatabases } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { freePort } from '../../tools/local/free-port';
import { commonSettings, orderSettings } from '../support/system';

const hasIpv6 = Object.values(os.networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
/** Skipped on a machine without the address ::1. */
const onIpv6 = hasIpv6 ? test : test.skip;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started(settings: Parameters<typeof startService>[0]): Promise<string> {
  const service = await startService(settings, createLogger('silent'));
  ends.push(() => service.stop());
  return service.url;
}

async function databasesOf() {
  const databases = await createTestDatabases({ history: true });
  ends.push(() => databases.drop());
  return databases;
}

/** An order is approved, and the order history has followed it. */
async function worksAt(url: string): Promise<void> {
  const customer = await newCustomer(url, '5.00');
  expect((await placeOrder(url, customer, '1.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  await eventually(async () => {
    const { body } = await call(`${url}/customers/${customer}/order-history`, 'GET');
    return JSON.stringify(body).includes('APPROVED') ? true : undefined;
  });
  expect(await call(`${url}/readyz`, 'GET')).toMatchObject({
    status: 200,
    body: { checks: { historyFeed: 'ok' } },
  });
}

onIpv6.each([
  ['::1', 'http://[::1]:'],
  ['::', 'http://[::1]:'],
  ['0.0.0.0', 'http://127.0.0.1:'],
])('HOST=%s: everything in one process works, at the URL that it says', async (host, says) => {
  const { orderUrl, customerUrl, historyUrl } = await databasesOf();
  const url = await started({
    ...{ ...commonSettings(), host },
    order: orderSettings(orderUrl),
    customer: { databaseUrl: customerUrl },
    history: { databaseUrl: historyUrl },
  });
  expect(url.startsWith(says)).toBe(true);
  await worksAt(url);
});

onIpv6('two services, the order history, the databases and Temporal, all on IPv6', async () => {
  const { orderUrl, customerUrl, historyUrl } = await databasesOf();
  const { temporal, ...common } = commonSettings();
  const [postgres, frontend] = [await proxyTo(orderUrl, '::1'), await proxyTo(temporal.address, '::1')];
  ends.push(
    () => postgres.close(),
    () => frontend.close(),
  );
  expect(frontend.address).toMatch(/^\[::1\]:/);
  const settings = { ...common, host: '::1', temporal: { ...temporal, address: frontend.address } };
  const customers = await started({ ...settings, customer: { databaseUrl: postgres.through(customerUrl) } });
  const [history, orders] = [await freePort(), await freePort()];
  const url = await started({
    ...{ ...settings, port: orders },
    order: {
      ...orderSettings(postgres.through(orderUrl)),
      customerServiceUrl: customers,
      historyUrl: `http://[::1]:${String(history)}`,
    },
  });
  await started({
    ...{ ...settings, port: history, temporal: undefined },
    history: { databaseUrl: postgres.through(historyUrl), feedUrl: url },
  });
  const customer = await newCustomer(url, '5.00');
  expect((await placeOrder(url, customer, '1.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  await eventually(async () => {
    const { body } = await call(`${url}/customers/${customer}/order-history`, 'GET');
    return JSON.stringify(body).includes('APPROVED') ? true : undefined;
  });
});
