/** `GET /metrics`, and the durations of requests. */
import { type RequestHandler, Router } from 'express';
import type { Metrics } from '../../platform/metrics';
import { isEventStream } from '../http/negotiation';
import { otherMethods } from '../http/problem-handler';
import { routeOf } from '../http/route';

export function metricsRoutes(metrics: Metrics): Router {
  const router = Router();
  router
    .route('/metrics')
    .get((request, response) => {
      metrics.answer(request, response);
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}

/** Omits event streams, which last until the client disconnects. */
export function requestDurations(metrics: Metrics): RequestHandler {
  const took = metrics.durations(
    'http_request_duration_seconds',
    'Time from the arrival of a request to the end of its answer.',
  );
  return (request, response, next) => {
    const began = performance.now();
    response.once('finish', () => {
      if (isEventStream(response)) return;
      took((performance.now() - began) / 1_000, {
        method: request.method,
        route: routeOf(request),
        status: String(response.statusCode),
      });
    });
    next();
  };
}
