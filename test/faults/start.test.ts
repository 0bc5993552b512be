import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { freePort } from '../../tools/local/free-port';
import { call, newCustomer, placeOrder, WAIT } from '../support/http';
import { eventuallyInHistory } from '../support/order-history';
import { freePorts, ready, scratch, start, type StartedProcess } from '../support/start';

async function refusal(started: StartedProcess): Promise<string> {
  expect(await started.exit).toBe(1);
  expect(started.output()).not.toMatch(/^\s+at /m);
  return started.output();
}

test('a restart, also after kill -9, loses nothing and resumes the sagas', async () => {
  const data = scratch();
  const env = { ...(await freePorts()), DATA_DIR: data.folder };
  const url = `http://127.0.0.1:${env.PORT}`;
  const first = start(env);
  await ready(first);
  const customer = await newCustomer(url, '10.00');
  const { body: order } = await placeOrder(url, customer, '1.00', WAIT);
  const again = start(env);
  expect(await refusal(again)).toContain(`npm start already runs on ${data.folder}`);
  first.process.kill('SIGTERM');
  const began = Date.now();
  expect(await first.exit).toBe(0);
  expect(Date.now() - began).toBeLessThan(10_000);

  const second = start(env);
  await ready(second);
  expect((await call(`${url}/orders/${String(order['orderId'])}`, 'GET')).body).toEqual(order);
  second.process.kill('SIGKILL');
  await second.exit;

  const third = start(env);
  await ready(third);
  expect((await placeOrder(url, customer, '9.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  expect((await placeOrder(url, customer, '0.01', WAIT)).body).toMatchObject({ state: 'CANCELLED' });
  const history = () => call(`${url}/customers/${customer}/order-history`, 'GET');
  await eventuallyInHistory(url, customer, ({ orders }) =>
    orders.items.length === 3 && !orders.items.some(({ state }) => state === 'PENDING') ? true : undefined,
  );
  const rebuild = start(env, 'rebuild-view');
  expect([await rebuild.exit, rebuild.output()]).toEqual([
    0,
    expect.stringMatching(/Generation 2 answers now: 10 events/),
  ]);
  expect((await history()).body).toMatchObject({
    asOf: { generation: 2 },
    customer: { reserved: { amount: '10.00' } },
  });
  const audit = start(env, 'audit');
  expect([await audit.exit, audit.output()]).toEqual([
    0,
    expect.stringMatching(/^1\. a customer's reserved credit .* +1 +0 +0$/m),
  ]);
  const repair = start(env, 'repair');
  expect([await repair.exit, repair.output()]).toEqual([
    0,
    expect.stringMatching(/^0 started again, 0 could be/m),
  ]);
  third.process.kill('SIGINT');
  expect(await third.exit).toBe(0);
  data.remove();
}, 180_000);

test.each(['PORT', 'METRICS_PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'])(
  'an occupied %s is reported in one line',
  async (name) => {
    const env: Record<string, string> = { ...(await freePorts()), METRICS_PORT: String(await freePort()) };
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(env[name]), '127.0.0.1', resolve));
    const data = scratch();
    expect(await refusal(start({ ...env, DATA_DIR: data.folder }))).toMatch(
      new RegExp(`^${name} ${String(env[name])} cannot be used`, 'm'),
    );
    squatter.close();
    data.remove();
  },
);

test.each([
  ['PORT', 'TEMPORAL_PORT'],
  ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT'],
  ['POSTGRES_PORT', 'PORT'],
])('%s and %s with the same number are reported in one line', async (one, other) => {
  const env: Record<string, string> = await freePorts();
  const data = scratch();
  const same = { ...env, [other]: env[one] ?? '', DATA_DIR: data.folder };
  expect(await refusal(start(same))).toMatch(/are both \d+; set [A-Z_]+ to a free port/);
  data.remove();
});

test.each([
  ['DATA_DIR', { DATA_DIR: '/dev/null/nowhere' }, /DATA_DIR .* cannot be written/],
  [
    'TEMPORAL_ADDRESS',
    { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    /TEMPORAL_ADDRESS 127\.0\.0\.1:1 cannot be reached/,
  ],
  [
    'ORDER_DATABASE_URL',
    { ORDER_DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/orders' },
    /ORDER_DATABASE_URL cannot be used.*ECONNREFUSED/,
  ],
  ['SAGA_GROUP_MAX', { SAGA_GROUP_MAX: '51' }, /SAGA_GROUP_MAX/],
])(
  'an invalid %s is reported in one line',
  async (_name, bad, line) => {
    const data = scratch();
    const output = await refusal(start({ ...(await freePorts()), DATA_DIR: data.folder, ...bad }));
    expect(output).toMatch(line);
    expect(output).not.toContain('secret');
    data.remove();
  },
  60_000,
);
