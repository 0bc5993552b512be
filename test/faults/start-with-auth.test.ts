/** `npm start -- --with-auth`: a real identity provider, and what its clients may do. */
import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { freePort } from '../../tools/local/free-port';
import { call } from '../support/http';
import { usersOf } from '../support/leftovers';
import { freePorts, ready, scratch, start } from '../support/start';

const tokenAnswer = z.object({ access_token: z.string() });
const MONEY = { amount: '10.00', currency: 'USD' };

test.each(['start', 'start:distributed'])(
  'npm run %s -- --with-auth: the printed commands get tokens, and each client may do its own',
  async (command) => {
    const data = scratch();
    const env = { ...(await freePorts()), AUTH_PORT: String(await freePort()), DATA_DIR: data.folder };
    const url = `http://127.0.0.1:${env.PORT}`;
    const started = start(env, command, ['--with-auth']);
    await ready(started, 90_000);

    const commands = started.output().match(/^ {4}curl -s \S+\/token .*$/gm) ?? [];
    expect(commands).toHaveLength(3);
    const tokenOf = (client: string, customer = '') => {
      const found = commands.find((line) => line.includes(`-u ${client}:`)) ?? '';
      const shell = { encoding: 'utf8', env: { ...process.env, CUSTOMER: customer } } as const;
      const answer = execFileSync('sh', ['-c', found.trim()], shell);
      return { Authorization: `Bearer ${tokenAnswer.parse(JSON.parse(answer)).access_token}` };
    };
    const [script = ''] = /^ {4}TOKEN=[\s\S]*?"orderTotal".*$/m.exec(started.output()) ?? [];
    const first = execFileSync('sh', ['-c', script.replace(/^ {2}A first order.*$/m, '')], {
      encoding: 'utf8',
    });
    expect(JSON.parse(first)).toMatchObject({ state: 'APPROVED', orderTotal: { amount: '42.50' } });

    const store = tokenOf('store');
    expect((await call(`${url}/orders`, 'GET')).status).toBe(401);
    const created = await call(`${url}/customers`, 'POST', { name: 'Ada', creditLimit: MONEY }, store);
    const customerId = String(created.body['customerId']);
    const place = (headers: Record<string, string>, customer = customerId) =>
      call(
        `${url}/orders`,
        'POST',
        { customerId: customer, orderTotal: { amount: '1.00', currency: 'USD' } },
        {
          ...headers,
          Prefer: 'wait=20',
        },
      );
    expect((await place(store)).body).toMatchObject({ state: 'APPROVED' });

    for (const wrong of ['', '*', `${customerId}&customer_id=${customerId}`])
      expect(() => tokenOf('shopper', wrong)).toThrow();
    const shopper = tokenOf('shopper', customerId);
    expect((await place(shopper)).body).toMatchObject({ state: 'APPROVED' });
    const listed = await call(`${url}/orders`, 'GET', undefined, shopper);
    expect(listed.body['items']).toHaveLength(2);
    expect(
      (await call(`${url}/customers`, 'POST', { name: 'Bob', creditLimit: MONEY }, shopper)).status,
    ).toBe(403);
    const other = await call(`${url}/customers`, 'POST', { name: 'Bob', creditLimit: MONEY }, store);
    expect((await place(shopper, String(other.body['customerId']))).status).toBe(404);

    const operator = tokenOf('operator');
    expect((await place(operator)).status).toBe(403);
    expect((await call(`${url}/events`, 'GET', undefined, operator)).status).toBe(200);
    const internal = await call(`${url}/internal/steps/reserveCredit`, 'POST', {}, store);
    expect(internal.status).toBe(404);

    started.process.kill('SIGINT');
    expect(await started.exit).toBe(0);
    await expect(fetch(`http://127.0.0.1:${env.AUTH_PORT}/`)).rejects.toThrow();
    expect(usersOf(data.folder)).toEqual([]);
    data.remove();
  },
  180_000,
);
