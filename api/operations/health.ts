/** Liveness and readiness of the process. */
import { Router } from 'express';
import { withTimeout } from '../../saga/host/with-timeout';
import { methodNotAllowed } from '../http/problem-handler';

/** 2 s: shorter than the usual timeout of an orchestrator's probe. */
const CHECK_TIMEOUT_MS = 2_000;

/** 2 s: about the time that a database or Temporal needs to restart. */
const RETRY_AFTER_S = '2';

export type Readiness = () => Promise<Readonly<Record<string, 'ok' | 'unavailable'>>>;

/** Runs the named checks concurrently. A check that fails or times out is `unavailable`. */
export function readiness(checks: Readonly<Record<string, () => Promise<unknown>>>): Readiness {
  return async () => {
    const results = Object.entries(checks).map(
      async ([name, check]) => [name, await succeeds(check)] as const,
    );
    return Object.fromEntries(await Promise.all(results));
  };
}

/** @param workflows version of the workflow code; undefined when the process runs no sagas */
export function healthRoutes(ready: Readiness, workflows: object | undefined): Router {
  const router = Router();
  router
    .route('/livez')
    .get((_request, response) => {
      response.json({ status: 'ok' });
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  router
    .route('/readyz')
    .get(async (_request, response) => {
      const checks = await ready();
      const isReady = Object.values(checks).every((check) => check === 'ok');
      if (!isReady) response.set('Retry-After', RETRY_AFTER_S);
      response
        .status(isReady ? 200 : 503)
        .json({ status: isReady ? 'ok' : 'unavailable', checks, workflows });
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

async function succeeds(check: () => Promise<unknown>): Promise<'ok' | 'unavailable'> {
  return withTimeout(check(), CHECK_TIMEOUT_MS, 'check').then(
    () => 'ok',
    () => 'unavailable',
  );
}
