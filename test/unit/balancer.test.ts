/** The balancer of `start:distributed`: how it finds out which processes are ready. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { startBalancer, type Target } from '../../tools/local/balancer';
import { freePort } from '../../tools/local/free-port';
import { until } from '../../tools/local/until';

const HOST = '127.0.0.1';
const EVERY = { everyMs: 20, withinMs: 10_000 };

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function startTarget(answer: RequestListener): Promise<{ server: Server; target: Target }> {
  const server = createServer(answer);
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return { server, target: { host: HOST, port: (server.address() as AddressInfo).port } };
}

/** @returns asks a process through the balancer for its name */
async function balance(...targets: readonly Target[]): Promise<() => Promise<string>> {
  const port = await freePort();
  const balancer = await startBalancer({ host: HOST, port }, targets);
  ends.push(() => balancer.close());
  return async () => {
    const signal = AbortSignal.timeout(200);
    const headers = { Connection: 'close' };
    const answer = await fetch(`http://${HOST}:${String(port)}/name`, { signal, headers }).catch(
      () => undefined,
    );
    return (await answer?.text()) ?? 'nobody';
  };
}

function named(name: string): RequestListener {
  return (_request, response) => response.end(name);
}

test('all probes of a process share one connection', async () => {
  let probes = 0;
  let connections = 0;
  const { server, target } = await startTarget((_request, response) => {
    probes += 1;
    response.end('ok');
  });
  server.on('connection', () => (connections += 1));
  await balance(target);
  expect(await until(() => probes >= 5, EVERY)).toBe(true);
  expect(connections).toBe(1);
});

test('without new connections the probes become rare, and the next connection starts them at once', async () => {
  const times: number[] = [];
  const { target } = await startTarget((request, response) => {
    if (request.url === '/readyz') times.push(performance.now());
    response.end('ok');
  });
  const port = await freePort();
  const balancer = await startBalancer({ host: HOST, port }, [target], { idleAfterMs: 300 });
  ends.push(() => balancer.close());
  const lastPause = () => (times.at(-1) ?? NaN) - (times.at(-2) ?? NaN);
  expect(await until(() => times.length > 1 && lastPause() < 400, EVERY)).toBe(true);
  expect(await until(() => lastPause() > 800, EVERY)).toBe(true);
  const before = times.length;
  await fetch(`http://${HOST}:${String(port)}/`, { headers: { Connection: 'close' } });
  expect(await until(() => times.length > before, EVERY)).toBe(true);
  expect(lastPause()).toBeLessThan(800);
});

test('a process that does not answer, as a suspended one, gets no more connections until it answers again', async () => {
  let isSuspended = false;
  const { target: one } = await startTarget((request, response) => {
    if (!isSuspended) named('one')(request, response);
  });
  const { target: two } = await startTarget(named('two'));
  const name = await balance(one, two);
  const twice = async () => [await name(), await name()].sort().join();
  expect(await until(async () => (await twice()) === 'one,two', EVERY)).toBe(true);
  isSuspended = true;
  expect(await until(async () => (await twice()) === 'two,two', EVERY)).toBe(true);
  isSuspended = false;
  expect(await until(async () => (await twice()) === 'one,two', EVERY)).toBe(true);
});

test('a process that reports that it is stopping gets no more connections', async () => {
  let status = 200;
  const { target: one } = await startTarget((_request, response) => {
    response.statusCode = status;
    response.end('one');
  });
  const { target: two } = await startTarget(named('two'));
  const name = await balance(one, two);
  const twice = async () => [await name(), await name()].sort().join();
  expect(await until(async () => (await twice()) === 'one,two', EVERY)).toBe(true);
  status = 503;
  expect(await until(async () => (await twice()) === 'two,two', EVERY)).toBe(true);
});
