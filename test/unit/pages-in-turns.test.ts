/** Pages are read in turns, also those that do not wait: readers that have fallen behind never wait. */
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { v7 as newUuid } from 'uuid';
import { eventRoutes } from '../../api/events/event-routes';
import { Admission } from '../../api/http/admission';
import { createHttpServer } from '../../api/http/server';
import { Turns } from '../../api/http/turns';
import { EventFeed } from '../../events/feed';
import { createLogger } from '../../platform/logger';
import { BASE_URI } from '../support/event-base';

test('ten readers, one in each turn', async () => {
  const feedId = newUuid();
  const log = {
    source: '/order-service' as const,
    read: () =>
      Promise.resolve({
        events: [],
        end: { feedId, position: 0n },
        completeTo: undefined,
        startsAfter: 0n,
        more: () => Promise.resolve(),
      }),
  };
  const places = new Admission(10);
  const turns = new Turns({ readers: 1, busyReaders: 1, everyMs: 40 });
  const server = createHttpServer(
    express().use(
      eventRoutes({
        feed: new EventFeed([log], createLogger('silent')),
        streams: places,
        waits: places,
        streamTurns: turns,
        turns,
        stopping: new AbortController().signal,
        baseUri: () => BASE_URI,
      }),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/events`;
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(url)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  // The first at once, and the last in the ninth turn.
  expect(performance.now() - began).toBeGreaterThan(8 * 40);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
