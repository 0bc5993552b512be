/** `GET /ops/overview`: the state of the order service for operators. */
import { Router } from 'express';
import type { PageTurns } from '../http/page-turns';
import { otherMethods } from '../http/problem-handler';
import { overviewReader, type OverviewDependencies } from './overview';

export interface OverviewRoutesDependencies extends OverviewDependencies {
  readonly pages: PageTurns;
}

export function overviewRoutes({ pages, ...deps }: OverviewRoutesDependencies): Router {
  const read = overviewReader(deps);
  const router = Router();
  router
    .route('/ops/overview')
    .get(async (request, response) => {
      await pages.enter(request, response);
      const overview = await read((error, message) => {
        request.log.warn({ err: error }, message);
      });
      response.json(overview);
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}
