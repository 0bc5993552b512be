/** `GET /metrics`, and how long requests take. */
import { type RequestHandler, Router } from 'express';
import type { Metrics } from '../../platform/metrics';
import { methodNotAllowed } from '../http/problem-handler';

export function metricsRoutes(metrics: Metrics): Router {
  const router = Router();
  router
    .route('/metrics')
    .get((request, response) => {
      metrics.answer(request, response);
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

/** By route, not by path: there are few of them. Event streams are left out, they last as long as their reader. */
export function requestDurations(metrics: Metrics): RequestHandler {
  const took = metrics.durations(
    'http_request_duration_seconds',
    'From the arrival of a request to the end of its answer.',
  );
  return (request, response, next) => {
    const began = performance.now();
    response.once('finish', () => {
      if (response.getHeader('Content-Type')?.toString().startsWith('text/event-stream')) return;
      const { path } = (request.route ?? { path: 'none' }) as { readonly path: string };
      took((performance.now() - began) / 1_000, {
        method: request.method,
        route: path,
        status: String(response.statusCode),
      });
    });
    next();
  };
}
