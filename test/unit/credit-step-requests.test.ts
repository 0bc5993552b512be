/** The request of a credit step and its route, over real connections. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { creditStepRoutes, type CreditStepRoutesDependencies } from '../../api/customers/credit-step-routes';
import { notFound, problemHandler } from '../../api/http/problem-handler';
import { CREDIT_REQUEST_MS, creditStepRequests } from '../../api/orders/credit-step-requests';
import { FAST_PATH_MS } from '../../saga/host/fast-path';
import { call, eventually } from '../support/http';

const order = {
  orderId: '0190a6f0-0000-7000-8000-000000000001',
  customerId: '0190a6f0-0000-7000-8000-000000000002',
  totalMinor: 1_000,
  currency: 'USD',
};
const request = { sagaId: `order-${order.orderId}`, items: [order] };
const reserved = [{ orderId: order.orderId, outcome: 'reserved' }];

let server: Server | undefined;
let connections = 0;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  const own = createServer(listener);
  server = own;
  connections = 0;
  own.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((own.address() as AddressInfo).port)}`;
}

function serveSteps(reserveCredit: CreditStepRoutesDependencies['reserveCredit']): Promise<string> {
  return serve(express().use(creditStepRoutes({ reserveCredit })).use(notFound, problemHandler));
}

/** 10 s: on a busy machine, only the test of the time limit reaches it. */
const reserveAt = (url: string, withinMs = 10_000) =>
  creditStepRequests(url, {}, withinMs).reserveCredit(request);

/** Answers with these bytes as JSON. */
const answering =
  (body: string, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  };

test('the step runs with its saga and its order, and the connection is kept for the next request', async () => {
  const requested: unknown[] = [];
  const url = await serveSteps((step) => {
    requested.push(step);
    return Promise.resolve(reserved);
  });
  const five = [1, 2, 3, 4, 5];
  for (const _ of five) expect(await reserveAt(url)).toEqual(reserved);
  expect(requested).toEqual(five.map(() => request));
  // The second request may come before the connection of the first is free.
  expect(connections).toBeLessThanOrEqual(2);
});

test('an answer that is not the straight one is passed on', async () => {
  const refused = [{ orderId: order.orderId, outcome: 'rejected', reason: 'INSUFFICIENT_CREDIT' }];
  const url = await serveSteps(() => Promise.resolve(refused));
  expect(await reserveAt(url)).toMatchObject([{ outcome: 'rejected' }]);
});

test.each([
  ['no JSON', answering('<html>')],
  ['no list', answering('{"outcome":"reserved"}')],
  ['no answer', answering('[]')],
  ['an answer without its order', answering('[{"outcome":"reserved"}]')],
  ['the answer of another order', answering('[{"orderId":"another","outcome":"reserved"}]')],
  ['a status of another kind', answering(JSON.stringify(reserved), 201)],
  ['503', answering(JSON.stringify(reserved), 503)],
  ['a redirection', (_request, response) => response.writeHead(307, { Location: '/' }).end()],
  ['a connection that ends', ({ socket }) => socket.destroy()],
] satisfies [string, RequestListener][])('a request fails with %s', async (_words, listener) => {
  await expect(reserveAt(await serve(listener))).rejects.toThrow();
});

test('a request fails where nobody listens', async () => {
  const url = await serve(answering('[]'));
  await new Promise((resolve) => server?.close(resolve));
  await expect(reserveAt(url)).rejects.toThrow();
});

test('a request without an answer ends in time, and a late answer changes nothing', async () => {
  expect(CREDIT_REQUEST_MS).toBeLessThan(FAST_PATH_MS);
  const late: ((answers: unknown) => void)[] = [];
  const url = await serveSteps(() =>
    late.length === 0 ? new Promise((resolve) => late.push(resolve)) : Promise.resolve(reserved),
  );
  const first = reserveAt(url, CREDIT_REQUEST_MS);
  await eventually(() => Promise.resolve(late.length === 1 || undefined));
  await expect(first).rejects.toThrow('timeout');
  for (const answer of late) answer([{ orderId: order.orderId, outcome: 'released' }]);
  expect(await reserveAt(url)).toEqual(reserved);
});

test('excess requests are refused with 503 at once, and later ones are served', async () => {
  const waiting: (() => void)[] = [];
  const url = await serveSteps(
    () =>
      new Promise((resolve) => {
        waiting.push(() => {
          resolve(reserved);
        });
      }),
  );
  const path = `${url}/internal/steps/reserveCredit`;
  const served = Array.from({ length: 5 }, () => call(path, 'POST', request));
  await eventually(() => Promise.resolve(waiting.length === 5 || undefined));
  expect((await call(path, 'POST', request)).status).toBe(503);
  await expect(reserveAt(url)).rejects.toThrow('answered 503');
  for (const answer of waiting) answer();
  expect((await Promise.all(served)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

test.each([
  ['without a saga', { items: [order] }],
  ['without an order', { ...request, items: [] }],
  ['with two orders', { ...request, items: [order, order] }],
  ['with an amount that is no number of minor units', { ...request, items: [{ ...order, totalMinor: 0.5 }] }],
  ['with an amount that gives credit back', { ...request, items: [{ ...order, totalMinor: -1 }] }],
  ['with an id that is no UUID', { ...request, items: [{ ...order, customerId: 'x' }] }],
  ['with more', { ...request, items: [{ ...order, orders: 2 }] }],
])('the route refuses a request %s', async (_words, body) => {
  const url = await serveSteps(() => Promise.reject(new Error('it ran')));
  const { status } = await call(`${url}/internal/steps/reserveCredit`, 'POST', body);
  expect(status).toBe(400);
});
