/** `GET /ops/orders/:id/timeline`: everything that happened to an order, for operators. */
import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import { Admission } from '../http/admission';
import { callerLeft } from '../http/caller';
import type { PageTurns } from '../http/page-turns';
import { clientOf } from '../http/principal';
import { otherMethods } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { idParameters } from '../http/schemas';
import { valid } from '../http/validation';
import { type AttentionDependencies, orderAttention } from '../orders/order-attention';
import { orderJson } from '../orders/order-json';
import { findOrder } from '../orders/order-reads';
import { readTimeline, type TimelineParts } from './read-timeline';
import type { timelineSchema } from './timeline-json';
import { TIMELINES_AT_ONCE } from './timeline-limits';

export interface TimelineRoutesDependencies extends TimelineParts, AttentionDependencies {
  /** Of the lists. */
  readonly pages: PageTurns;
}

export function timelineRoutes(deps: TimelineRoutesDependencies): Router {
  const { db, pages, sagaLink } = deps;
  const admission = new Admission(TIMELINES_AT_ONCE, {
    problem: 'too-many-readers',
    detail: 'Send the request again later or to another process.',
  });
  const router = Router();
  router
    .route('/ops/orders/:id/timeline')
    .get(async (request: Request, response: Response) => {
      const { id } = valid(idParameters, request.params);
      await pages.enter(request, response);
      const read = async (): Promise<z.infer<typeof timelineSchema>> => {
        const order = await findOrder(db, id);
        if (!order) throw new Problem('not-found', `There is no order ${id}.`);
        const [attention, timeline] = await Promise.all([
          orderAttention(deps, order),
          readTimeline(deps, order, request.log),
        ]);
        return { order: { ...orderJson(order, sagaLink), ...attention }, ...timeline };
      };
      const applicant = { client: clientOf(request, response), left: callerLeft(response) };
      response.json(await admission.run(read, applicant));
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}
