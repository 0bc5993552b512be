/** The order history's route: the CQRS view that is built from both services' events. */
import { Router } from 'express';
import type { z } from 'zod';
import { EVENT_SOURCES } from '../../domain/events';
import { decodeCursor } from '../../events/cursor';
import type { Notifier } from '../../platform/notifier';
import type { HistoryDatabase } from '../../prisma/history/client';
import {
  followedCursor,
  type HistoryPage,
  type Inclusion,
  inclusionOf,
  readHistory,
} from '../../projections/order-history/read';
import { asCursorProblem } from '../events/event-routes';
import { readETag } from '../http/etag';
import { moneyJson } from '../http/money';
import { pageOf, readCursor } from '../http/pagination';
import { preferredWaitSeconds } from '../http/prefer';
import { methodNotAllowed } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { historyQuery, type historySchema, idParameters } from '../http/schemas';
import { valid } from '../http/validation';

/** 250 ms: for pages that another process's consumer takes in; this process's consumer notifies. */
const LOOK_AGAIN_MS = 250;

/** 60 s: an operator completes the history. */
const RETRY_AFTER_S = '60';

export interface HistoryRoutesDependencies {
  readonly db: HistoryDatabase;
  /** Notified when this process has taken in a page of the feed. */
  readonly followed: Notifier;
}

export function historyRoutes(deps: HistoryRoutesDependencies): Router {
  const router = Router();
  router
    .route('/customers/:id/order-history')
    .get(async (request, response) => {
      const { id: customerId } = valid(idParameters, request.params);
      const { limit, cursor, includes } = valid(historyQuery, request.query);
      const waitSeconds = preferredWaitSeconds(request.get('Prefer'));
      if (includes !== undefined) {
        const there = await untilIncluded(deps, isIncluded(deps.db, includes), waitSeconds * 1_000);
        if (there && waitSeconds > 0) response.set('Preference-Applied', `wait=${String(waitSeconds)}`);
      }
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const page = await readHistory(deps.db, { customerId, limit, after });
      if (!page.customer) throw notThere(customerId, page.asOf);
      response.json(historyJson(page, page.customer, limit));
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

/** @returns whether the view has what the caller has seen, by an ETag or a cursor of the feed */
function isIncluded(db: HistoryDatabase, includes: string): () => Promise<Inclusion> {
  const tag = readETag(includes);
  if (tag) return () => inclusionOf(db, tag.id, tag.version);
  let wanted: ReturnType<typeof decodeCursor>;
  try {
    wanted = decodeCursor(includes);
  } catch (error) {
    asCursorProblem(error, '/includes');
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

async function untilIncluded(
  { followed }: HistoryRoutesDependencies,
  included: () => Promise<Inclusion>,
  waitMs: number,
): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const seen = followed.count;
    const now = await included();
    if (now !== 'not-yet') return now === 'included';
    const left = deadline - Date.now();
    if (left <= 0) return false;
    await followed.wait(seen, Math.min(left, LOOK_AGAIN_MS));
  }
}

/** An incomplete history cannot know whether there is such a customer. */
function notThere(customerId: string, { complete, startsAfter, followedTo }: HistoryPage['asOf']): Problem {
  if (complete) {
    const time = followedTo === null ? '' : ` of ${followedTo.toISOString()}`;
    return new Problem('not-found', `The order history${time} has no customer ${customerId}.`);
  }
  return new Problem(
    'order-history-incomplete',
    'It begins after events that were pruned, and cannot know about this customer. `GET /customers/:id?include=orders` reads the services; `npm run repair -- --apply` completes the history.',
    { headers: { 'Retry-After': RETRY_AFTER_S }, more: { startsAfter } },
  );
}

function historyJson(
  { orders, asOf }: HistoryPage,
  { id, name, creditLimitMinor, reservedMinor, currency }: NonNullable<HistoryPage['customer']>,
  limit: number,
): z.infer<typeof historySchema> {
  return {
    customer: {
      customerId: id,
      name,
      creditLimit: moneyJson(Number(creditLimitMinor), currency),
      reserved: moneyJson(Number(reservedMinor), currency),
      available: moneyJson(Number(creditLimitMinor - reservedMinor), currency),
    },
    orders: pageOf(orders, limit, (order) => ({
      orderId: order.id,
      orderTotal: moneyJson(Number(order.totalMinor), order.currency),
      state: order.state,
      ...(order.cancellationReason !== null && { cancellationReason: order.cancellationReason }),
      createdAt: order.createdAt.toISOString(),
      updatedAt: order.updatedAt.toISOString(),
      events: order.events.map(({ type, source, sequence, time }) => ({
        type,
        source,
        aggregateversion: sequence,
        time: time.toISOString(),
      })),
    })),
    asOf: {
      time: asOf.followedTo?.toISOString() ?? null,
      lagMs: asOf.followedTo === null ? null : Math.max(Date.now() - asOf.followedTo.getTime(), 0),
      cursor: asOf.cursor,
      generation: asOf.generation,
      setAside: asOf.setAside,
      setAsideFirst: [...asOf.setAsideFirst],
      recovering: asOf.recovering,
      complete: asOf.complete,
      startsAfter: asOf.startsAfter,
    },
  };
}
