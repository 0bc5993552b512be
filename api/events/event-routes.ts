/** The event feed, and the schemas of its events. */
import { type Request, type Response, Router } from 'express';
import { eventJson } from '../../events/cloud-event';
import { BadCursor, CursorOfLostEvents, CursorTooOld } from '../../events/cursor';
import { jsonSchemaOf, schemaPath } from '../../events/event-types';
import type { EventFeed, FeedPage } from '../../events/feed';
import { streamEvents } from './event-stream';
import type { Admission } from '../http/admission';
import { callerLeft, whileNeeded } from '../http/caller';
import { negotiatedFeed } from '../http/negotiation';
import type { PageTurns } from '../http/page-turns';
import { STALLED_STREAM_MS } from '../http/read-limits';
import { preferredWaitSeconds } from '../http/prefer';
import { clientOf } from '../http/principal';
import { otherMethods } from '../http/problem-handler';
import { Problem } from '../http/problems';
import type { Turns } from '../http/turns';
import { valid } from '../http/validation';
import { eventSchemaParameters, eventsQuery } from './event-json';

export interface EventRoutesDependencies {
  readonly feed: EventFeed;
  /** Limits the open streams. */
  readonly streams: Admission;
  /** Limits the pages that wait for an event. */
  readonly waits: Admission;
  readonly streamTurns: Turns;
  readonly pages: PageTurns;
  /** A client that takes nothing for so long loses its stream, milliseconds. */
  readonly stalledMs?: number;
  /** Aborted when the process stops; ends the streams. */
  readonly stopping: AbortSignal;
  /** Base of the schemas' URLs. */
  readonly baseUri: () => string;
}

export function eventRoutes({
  feed,
  streams,
  waits,
  streamTurns,
  pages,
  stalledMs = STALLED_STREAM_MS,
  stopping,
  baseUri,
}: EventRoutesDependencies): Router {
  const router = Router();
  router
    .route('/events')
    .get(async (request: Request, response: Response) => {
      const { after, limit, type: types, subject } = valid(eventsQuery, request.query);
      const filter = { types, subject };
      const applicant = { client: clientOf(request, response), left: callerLeft(response) };
      if (negotiatedFeed(request, response) === 'stream') {
        const cursor = request.get('Last-Event-ID') ?? after;
        const stream = { cursor, filter, stopping, turns: streamTurns, stalledMs };
        const send = async () => {
          await streamTurns.next(applicant.left);
          return streamEvents(feed, request, response, stream);
        };
        await streams.run(send, applicant).catch((error: unknown) => throwCursorProblem(error));
        return;
      }
      // HEAD never waits.
      const waitMs = request.method === 'HEAD' ? 0 : preferredWaitSeconds(request.get('Prefer')) * 1_000;
      const read = (over?: AbortSignal) =>
        feed.readPage({ after, limit, filter, waitMs, over, turn: () => pages.again(over) });
      const wait = async () => {
        await pages.again(applicant.left);
        return whileNeeded(response, stopping, read);
      };
      if (waitMs === 0) await pages.enter(request, response);
      const page = await (waitMs === 0 ? read() : waits.run(wait, applicant)).catch((error: unknown) =>
        throwCursorProblem(error),
      );
      applicant.left.throwIfAborted();
      response.type('json').send(bodyOf(page));
    })
    .all(otherMethods('GET', 'HEAD'));
  router
    .route('/event-schemas/:type/:version')
    .get((request, response) => {
      const { type, version } = valid(eventSchemaParameters, request.params);
      const schema = jsonSchemaOf(type, Number(version), `${baseUri()}${schemaPath(type, Number(version))}`);
      if (!schema) throw new Problem('not-found', `${type} has no version ${version}.`);
      response.type('application/schema+json').json(schema);
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}

/** Many readers get the same page; it is serialized once. */
const bodies = new WeakMap<FeedPage, string>();

function bodyOf(page: FeedPage): string {
  const known = bodies.get(page);
  if (known !== undefined) return known;
  const { items, nextCursor, completeTo, unavailable, startsAfter } = page;
  const events = items.map(({ event }) => eventJson(event)).join(',');
  const rest = JSON.stringify({
    nextCursor,
    completeTo,
    startsAfter,
    ...(unavailable.length > 0 && { unavailable }),
  });
  const body = `{"items":[${events}],${rest.slice(1)}`;
  bodies.set(page, body);
  return body;
}

/**
 * @param pointer JSON pointer to the query parameter with the cursor
 * @throws Problem for an error about the cursor, and any other error as it is
 */
export function throwCursorProblem(error: unknown, pointer = '/after'): never {
  if (error instanceof CursorTooOld) {
    const { message, startsAfter } = error;
    throw new Problem('cursor-too-old', `The cursor ${message}.`, { cause: error, more: { startsAfter } });
  }
  if (error instanceof CursorOfLostEvents) {
    const detail = `The cursor ${error.message}; read the feed from its start, and drop the events that it no longer has.`;
    throw new Problem('cursor-of-lost-events', detail, { cause: error });
  }
  if (!(error instanceof BadCursor)) throw error;
  const detail = `${error.message}; start again without it`;
  throw new Problem('invalid-request', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}
