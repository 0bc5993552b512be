/** A caller of another service waits as long as the request prefers, and what the service needs beside that. */
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express, { type Express } from 'express';
import { forwarding } from '../../api/http/forwarding';
import { preferredWaitSeconds } from '../../api/http/prefer';
import { problemHandler } from '../../api/http/problem-handler';
import { requestLog } from '../../api/http/request-log';
import { encodeCursor } from '../../events/cursor';
import { remoteLog } from '../../events/remote-log';
import { createLogger } from '../../platform/logger';
import { call } from '../support/http';

/** Longer than the timeout of an answer without a wait, 5 s. */
const SLOW_MS = 6_000;

const CURSOR = encodeCursor({
  '/customer-service': { feedId: '019f0000-0000-7000-8000-000000000001', position: 1n },
});

const servers: Server[] = [];
let forwarded: string;
let service: string;

async function listen(app: Express): Promise<string> {
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${String(address !== null && typeof address === 'object' ? address.port : 0)}`;
}

beforeAll(async () => {
  service = await listen(
    express()
      .get('/customers/slow', async (_request, response) => {
        await sleep(SLOW_MS);
        response.json({ answered: true });
      })
      // Its database is slow: beside the wait, it reads for almost the timeout of a statement.
      .get('/events', async (request, response) => {
        const waitMs = preferredWaitSeconds(request.get('Prefer')) * 1_000;
        if (waitMs > 0) await sleep(waitMs + SLOW_MS);
        response.json({ items: [], nextCursor: CURSOR });
      }),
  );
  const logger = createLogger('silent');
  forwarded = await listen(
    express().use(
      requestLog(logger),
      forwarding({ paths: ['/customers/:id'], target: service, problem: 'order-history-unavailable' }),
      problemHandler,
    ),
  );
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

test('a forwarded request waits as long as it prefers, and no longer than a statement when it does not', async () => {
  const slow = (headers: Record<string, string>) =>
    call(`${forwarded}/customers/slow`, 'GET', undefined, headers);
  const [patient, impatient] = await Promise.all([slow({ Prefer: 'wait=5' }), slow({})]);
  expect([patient.status, patient.body]).toEqual([200, { answered: true }]);
  expect([impatient.status, impatient.body['type']]).toEqual([503, '/problems/order-history-unavailable']);
}, 30_000);

test('a long poll of the other feed lasts as long as its wait, and two slow reads', async () => {
  const page = await remoteLog('/customer-service', service).read(undefined, 1, {});
  await expect(page.more(1_000, new AbortController().signal)).resolves.toBeUndefined();
}, 30_000);
