/** `GET /metrics`, and the durations of requests. */
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

/** By route, not by path, to bound the number of series. Omits event streams, which last until the client disconnects. */
export function requestDurations(metrics: Metrics): RequestHandler {
  const took = metrics.durations(
    'http_request_duration_seconds',
    'Time from the arrival of a request to the end of its answer.',
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
