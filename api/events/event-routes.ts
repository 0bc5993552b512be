/** The event feed, and the schemas of its events. */
import { type Request, type Response, Router } from 'express';
import { BadCursor, CursorOfLostEvents, CursorTooOld } from '../../events/cursor';
import { jsonSchemaOf, schemaPath } from '../../events/event-types';
import type { EventFeed } from '../../events/feed';
import { streamEvents } from './event-stream';
import type { Admission } from '../http/admission';
import { preferredWaitSeconds } from '../http/prefer';
import { methodNotAllowed } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { valid } from '../http/validation';
import { eventSchemaParameters, eventsQuery } from './event-json';

export interface EventRoutesDependencies {
  readonly feed: EventFeed;
  /** Limits the open streams. */
  readonly streams: Admission;
  /** Aborted when the process stops; ends the streams. */
  readonly stopping: AbortSignal;
  /** Base of the schemas' URLs. */
  readonly baseUri: () => string;
}

export function eventRoutes({ feed, streams, stopping, baseUri }: EventRoutesDependencies): Router {
  const router = Router();
  router
    .route('/events')
    .get(async (request: Request, response: Response) => {
      const { after, limit, type: types, subject } = valid(eventsQuery, request.query);
      const filter = { types, subject };
      if (request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
        const cursor = request.get('Last-Event-ID') ?? after;
        await streams
          .run(() => streamEvents(feed, request, response, { cursor, filter, stopping }))
          .catch((error: unknown) => throwCursorProblem(error));
        return;
      }
      const waitMs = preferredWaitSeconds(request.get('Prefer')) * 1_000;
      const page = await readPage(feed, { after, limit, filter, waitMs, stopping }).catch((error: unknown) =>
        throwCursorProblem(error),
      );
      const { items, nextCursor, completeTo, unavailable, startsAfter } = page;
      response.json({
        items: items.map(({ event }) => event),
        nextCursor,
        completeTo,
        startsAfter,
        ...(unavailable.length > 0 && { unavailable }),
      });
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  router
    .route('/event-schemas/:type/:version')
    .get((request, response) => {
      const { type, version } = valid(eventSchemaParameters, request.params);
      const schema = jsonSchemaOf(type, Number(version), `${baseUri()}${schemaPath(type, Number(version))}`);
      if (!schema) throw new Problem('not-found', `${type} has no version ${version}.`);
      response.type('application/schema+json').json(schema);
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
  readonly filter: Parameters<EventFeed['read']>[2];
  /** How long to wait for an event when there are none, milliseconds. */
  readonly waitMs: number;
  readonly stopping: AbortSignal;
}

async function readPage(feed: EventFeed, { after, limit, filter, waitMs, stopping }: PageRequest) {
  const deadline = Date.now() + waitMs;
  let page = await feed.read(after, limit, filter);
  while (page.items.length === 0 && Date.now() < deadline && !stopping.aborted) {
    await page.more(deadline - Date.now(), stopping);
    page = await feed.read(page.nextCursor, limit, filter);
  }
  return page;
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
