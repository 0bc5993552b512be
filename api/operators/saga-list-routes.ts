/** `GET /ops/sagas`: operators list and search orders with their sagas. */
import { Router } from 'express';
import type { PageTurns } from '../http/page-turns';
import { otherMethods } from '../http/problem-handler';
import { valid } from '../http/validation';
import { listParked } from './parked-list';
import { listByTime, type SagaListDependencies } from './saga-list';
import { sagaJson, type SagaPage, sagasQuery } from './saga-list-json';

export interface SagaListRoutesDependencies extends SagaListDependencies {
  readonly pages: PageTurns;
  /** Returns the URL of a saga in the Temporal UI. */
  readonly sagaLink: (sagaId: string) => string;
}

export function sagaListRoutes({ pages, sagaLink, ...deps }: SagaListRoutesDependencies): Router {
  const router = Router();
  router
    .route('/ops/sagas')
    .get(async (request, response) => {
      const query = valid(sagasQuery, request.query);
      await pages.enter(request, response);
      const now = Date.now();
      const isOfParked = query.attention === true || query.step !== undefined;
      const warn = (error: unknown, message: string) => {
        request.log.warn({ err: error }, message);
      };
      const list = await (isOfParked ? listParked : listByTime)(deps, query, { now, warn });
      const page: SagaPage = {
        ...list,
        items: list.items.map((item) => sagaJson(item, sagaLink, now)),
        unavailable: [...list.unavailable],
      };
      response.json(page);
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}
