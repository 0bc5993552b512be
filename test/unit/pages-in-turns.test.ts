/** Pages are read in turns, also those that do not wait: readers that have fallen behind never wait. */
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { v7 as newUuid } from 'uuid';
import { eventRoutes } from '../../api/events/event-routes';
import { Admission } from '../../api/http/admission';
import { PageTurns } from '../../api/http/page-turns';
import { problemHandler } from '../../api/http/problem-handler';
import { createHttpServer } from '../../api/http/server';
import { Turns } from '../../api/http/turns';
import { EventFeed } from '../../events/feed';
import { createLogger } from '../../platform/logger';
import { BASE_URI } from '../support/event-base';
import { asAnybody } from '../support/anybody';

let stop: () => Promise<unknown> = () => Promise.resolve();

afterEach(() => stop());

/** @returns URL of an empty feed */
async function serve(pages: PageTurns, turns: Turns): Promise<string> {
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
  const feed = eventRoutes({
    feed: new EventFeed([log], createLogger('silent')),
    streams: places,
    waits: places,
    streamTurns: turns,
    pages,
    stopping: new AbortController().signal,
    baseUri: () => BASE_URI,
  });
  const server = createHttpServer(express().use(asAnybody, feed, problemHandler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/events`;
}

test('ten readers, one in each turn', async () => {
  const turns = new Turns({ readers: 1, busyReaders: 1, everyMs: 40 });
  const url = await serve(new PageTurns(turns), turns);
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(url)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  // The first at once, and the last in the ninth turn.
  expect(performance.now() - began).toBeGreaterThan(8 * 40);
});

test('readers above the limit of those that wait for a turn get 503', async () => {
  const turns = new Turns({ readers: 1, busyReaders: 1, everyMs: 40 });
  const queued = new Admission(5, { problem: 'too-many-readers', detail: 'x' });
  const url = await serve(new PageTurns(turns, queued), turns);
  const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(url)));
  const statuses = answers.map(({ status }) => status).sort();
  // One at once, five that wait.
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
  const refused = answers.find(({ status }) => status === 503);
  expect(refused?.headers.get('Retry-After')).toMatch(/^\d+$/);
  expect(await refused?.json()).toMatchObject({ type: '/problems/too-many-readers' });
  expect((await fetch(url)).status).toBe(200);
});
