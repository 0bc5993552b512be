/** A client that does not read its socket loses its place, and its connection. */
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { v7 as newUuid } from 'uuid';
import { eventRoutes } from '../../api/events/event-routes';
import { Admission } from '../../api/http/admission';
import { MAX_WAIT_S } from '../../api/http/prefer';
import { createHttpServer, SERVER_LIMITS } from '../../api/http/server';
import { PageTurns } from '../../api/http/page-turns';
import { Turns } from '../../api/http/turns';
import type { EventLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { sequenceOf } from '../../events/sequence';
import { createLogger } from '../../platform/logger';
import { BASE_URI } from '../support/event-base';
import { eventually } from '../support/http';
import { asAnybody } from '../support/anybody';

const STALLED_MS = 300;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const turns = new Turns({ readers: 1_000, busyReaders: 1_000, everyMs: 1 });
const REJECTION = { problem: 'too-many-streams', detail: 'x' } as const;

/** Has always more events, of 100 KB each. */
const endless: EventLog = {
  source: '/order-service',
  read: async (after) => {
    await new Promise(setImmediate);
    const position = (after?.position ?? 0n) + 1n;
    return {
      events: Array.from({ length: 100 }, () => ({
        specversion: '1.0' as const,
        id: String(position),
        source: `${BASE_URI}/order-service`,
        type: 'OrderCreated',
        subject: newUuid(),
        time: '2026-01-01T00:00:00.000Z',
        datacontenttype: 'application/json' as const,
        dataschema: `${BASE_URI}/event-schemas/OrderCreated/1`,
        partitionkey: newUuid(),
        sequence: sequenceOf(position),
        aggregateversion: 1,
        traceparent: TRACEPARENT,
        data: { note: 'x'.repeat(100_000) },
      })),
      end: { feedId: newUuid(), position, eventId: String(position) },
      completeTo: undefined,
      startsAfter: 0n,
      more: () => Promise.resolve(),
    };
  },
};

let server: Server;

async function listen(app: express.Express): Promise<string> {
  server = createHttpServer(app, { ...SERVER_LIMITS, silentMs: STALLED_MS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Resolves when the server has closed the connection. */
function readNothing(url: string, headers: Record<string, string> = {}): Promise<void> {
  return new Promise((resolve) => {
    const sent = request(url, { headers, agent: false }, (response) => {
      response.pause();
      response.socket.once('close', () => {
        resolve();
      });
    });
    sent.on('error', () => {
      resolve();
    });
    sent.end();
  });
}

const connections = () =>
  new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

test('a stream', async () => {
  const streams = new Admission(1, REJECTION);
  const url = await listen(
    express().use(
      asAnybody,
      eventRoutes({
        feed: new EventFeed([endless], createLogger('silent')),
        streams,
        waits: new Admission(1, REJECTION),
        streamTurns: turns,
        pages: new PageTurns(turns),
        stalledMs: STALLED_MS,
        stopping: new AbortController().signal,
        baseUri: () => BASE_URI,
      }),
    ),
  );
  // The server's own limit must not be what ends it.
  server.timeout = 60_000;
  void readNothing(`${url}/events`, { Accept: 'text/event-stream' });
  await eventually(() => Promise.resolve(streams.count === 1 ? true : undefined));
  await eventually(() => Promise.resolve(streams.count === 0 ? true : undefined), 10_000);
  await eventually(async () => ((await connections()) === 0 ? true : undefined), 10_000);
});

test('a page', async () => {
  const url = await listen(
    express().get('/', (_request, response) => {
      response.end('x'.repeat(50_000_000));
    }),
  );
  void readNothing(url);
  await eventually(async () => ((await connections()) === 1 ? true : undefined));
  await eventually(async () => ((await connections()) === 0 ? true : undefined), 10_000);
});

test('no wait of the API is silent for so long', () => {
  server = createHttpServer(() => undefined);
  expect(server.timeout).toBe(SERVER_LIMITS.silentMs);
  // An order's row may take 10 s before its wait, or a cancellation 8 s.
  expect(SERVER_LIMITS.silentMs).toBeGreaterThan((MAX_WAIT_S + 10) * 1_000);
});
