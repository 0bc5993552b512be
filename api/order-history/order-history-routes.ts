/** The order history's route: a CQRS view that is built from the events of both services. */
import { Router } from 'express';
import { EVENT_SOURCES } from '../../domain/events';
import { decodeCursor } from '../../events/cursor';
import type { Notifier } from '../../platform/notifier';
import type { HistoryDatabase } from '../../prisma/history/client';
import {
  awaitsCustomer,
  followedCursor,
  type HistoryPage,
  type Inclusion,
  inclusionOf,
  readHistory,
} from '../../projections/order-history/read';
import { throwCursorProblem } from '../events/event-routes';
import type { Admission } from '../http/admission';
import { callerLeft, whileNeeded } from '../http/caller';
import { parseETag } from '../http/etag';
import type { PageTurns } from '../http/page-turns';
import { readCursor } from '../http/pagination';
import { preferredWaitSeconds } from '../http/prefer';
import { clientOf, principalOf } from '../http/principal';
import { otherMethods } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { idParameters } from '../http/schemas';
import { valid } from '../http/validation';
import { historyJson, historyQuery } from './history-json';

/** 250 ms: for pages that the consumer of another process applied. The consumer of this process notifies. */
const POLL_MS = 250;

/** 60 s: an operator completes the history. */
const RETRY_AFTER_S = '60';

export interface HistoryRoutesDependencies {
  readonly db: HistoryDatabase;
  /** Notified when this process has applied a page of the feed. */
  readonly applied: Notifier;
  /** Limits the requests that wait. */
  readonly waits: Admission;
  readonly pages: PageTurns;
  /** Aborted when the process stops; ends the waits. */
  readonly stopping: AbortSignal;
}

export function historyRoutes(deps: HistoryRoutesDependencies): Router {
  const router = Router();
  router
    .route('/customers/:id/order-history')
    .get(async (request, response) => {
      const { id: customerId } = valid(idParameters, request.params);
      const { limit, cursor, includes } = valid(historyQuery, request.query);
      // HEAD never waits, and without `includes` there is nothing to wait for.
      const mayWait = request.method !== 'HEAD' && includes !== undefined;
      const waitSeconds = mayWait ? preferredWaitSeconds(request.get('Prefer')) : 0;
      if (waitSeconds === 0) await deps.pages.enter(request, response);
      if (includes !== undefined) {
        const { customerId: ofCustomer } = principalOf(response);
        const read = includingCustomer(deps.db, customerId, inclusion(deps.db, includes, ofCustomer));
        const wait = async (over?: AbortSignal) => {
          if (over) await deps.pages.again(over);
          return waitUntilIncluded(deps, read, waitSeconds * 1_000, over);
        };
        const applicant = { client: clientOf(request, response), left: callerLeft(response) };
        const included = await (waitSeconds === 0
          ? wait()
          : deps.waits.run(() => whileNeeded(response, deps.stopping, wait), applicant));
        applicant.left.throwIfAborted();
        if (included && waitSeconds > 0) response.set('Preference-Applied', `wait=${String(waitSeconds)}`);
      }
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const page = await readHistory(deps.db, { customerId, limit, after });
      if (!page.customer) throw notFound(customerId, page.asOf);
      response.json(historyJson(page, page.customer, limit));
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}

/**
 * The events of an order and of its customer come from two services, in any order between them: who waits
 * for an order that it has just placed would otherwise be told that the customer does not exist.
 */
function includingCustomer(
  db: HistoryDatabase,
  customerId: string,
  read: () => Promise<Inclusion>,
): () => Promise<Inclusion> {
  return async () => {
    const now = await read();
    return now === 'included' && (await awaitsCustomer(db, customerId)) ? 'not-yet' : now;
  };
}

/**
 * @param includes what the client has seen: an ETag, or a cursor of the feed
 * @param ofCustomer to a principal of one customer, orders of others are as orders that do not exist
 */
function inclusion(
  db: HistoryDatabase,
  includes: string,
  ofCustomer: string | undefined,
): () => Promise<Inclusion> {
  const tag = parseETag(includes);
  if (tag) return () => inclusionOf(db, tag, ofCustomer);
  let wanted: ReturnType<typeof decodeCursor>;
  try {
    wanted = decodeCursor(includes);
  } catch (error) {
    throwCursorProblem(error, '/includes');
  }
  return async () => {
    const cursor = await followedCursor(db);
    const followed: ReturnType<typeof decodeCursor> = cursor === null ? {} : decodeCursor(cursor);
    const reached = EVENT_SOURCES.every((source) => {
      const [to, from] = [wanted[source], followed[source]];
      return to === undefined || (from?.feedId === to.feedId && from.position >= to.position);
    });
    return reached ? 'included' : 'not-yet';
  };
}

async function waitUntilIncluded(
  { applied, pages }: HistoryRoutesDependencies,
  read: () => Promise<Inclusion>,
  waitMs: number,
  over?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const seen = applied.count;
    const now = await read();
    if (now !== 'not-yet') return now === 'included';
    const left = deadline - Date.now();
    if (left <= 0 || over?.aborted) return false;
    await applied.wait(seen, Math.min(left, POLL_MS), over);
    await pages.again(over);
  }
}

/** An incomplete history cannot know whether the customer exists. */
function notFound(customerId: string, { complete, startsAfter, followedTo }: HistoryPage['asOf']): Problem {
  if (complete) {
    const time = followedTo === null ? '' : ` of ${followedTo.toISOString()}`;
    return new Problem('not-found', `The order history${time} has no customer ${customerId}.`);
  }
  return new Problem(
    'order-history-incomplete',
    'It starts after events that were pruned, and cannot know this customer. `GET /customers/:id?include=orders` reads the services; `npm run repair -- --apply` completes the history.',
    { headers: { 'Retry-After': RETRY_AFTER_S }, more: { startsAfter } },
  );
}
