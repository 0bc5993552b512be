import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { type Answer, eventually, newCustomer, placeOrder } from '../support/http';
import { startSystem } from '../support/system';

test('a shutdown under load finishes the accepted requests; only later requests fail', async () => {
  const system = await startSystem();
  const customer = await newCustomer(system.url, '100000.00');
  const answers: Answer[] = [];
  const rejected: Answer[] = [];
  let refused = 0;
  const caller = async () => {
    for (;;) {
      const answer = await placeOrder(system.url, customer, '0.01').catch(() => undefined);
      if (answer?.status === 202) answers.push(answer);
      else if (answer) rejected.push(answer);
      else {
        refused += 1;
        return; // the server does not listen any more
      }
    }
  };
  const callers = Array.from({ length: 20 }, caller);
  await eventually(() => Promise.resolve(answers.length > 100 ? true : undefined));
  const began = Date.now();
  await system.stopService();
  expect(Date.now() - began).toBeLessThan(10_000);
  await Promise.all(callers);
  expect(refused).toBe(20);
  for (const { status, headers } of rejected)
    expect([status, headers.get('Retry-After')]).toEqual([503, '1']);
  // Every accepted request was answered, and every acknowledged order exists.
  const rows = await rowsOf(system.databases.adminOrderUrl, 'SELECT id FROM orders');
  expect(new Set(rows.map(({ id }) => id))).toEqual(
    new Set(answers.map(({ body }) => String(body['orderId']))),
  );
  await system.stop();
});

test('a connection on which nothing was requested does not delay a shutdown', async () => {
  const system = await startSystem({ history: true });
  const { hostname, port } = new URL(system.url);
  const silent = connect(Number(port), hostname);
  await once(silent, 'connect');
  const began = performance.now();
  await system.stopService();
  expect(performance.now() - began).toBeLessThan(3_000);
  await system.stop();
});
