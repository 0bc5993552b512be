/** Whether the process lives, and whether it can serve. */
import { Router } from 'express';
import { withTimeout } from '../../saga/host/with-timeout';
import { methodNotAllowed } from '../http/problem-handler';

/** 2 s: an orchestrator's probe gives up after a few. */
const CHECK_WITHIN_MS = 2_000;

/** 2 s: about how soon a server that restarts is back. */
const RETRY_AFTER_S = '2';

export type Readiness = () => Promise<Readonly<Record<string, 'ok' | 'unavailable'>>>;

/** Runs the named checks side by side; one that fails, or takes too long, is `unavailable`. */
export function readiness(checks: Readonly<Record<string, () => Promise<unknown>>>): Readiness {
  return async () => {
    const results = Object.entries(checks).map(
      async ([name, check]) => [name, await succeeds(check)] as const,
    );
    return Object.fromEntries(await Promise.all(results));
  };
}

/** @param workflows version of the workflow code, where sagas are run */
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
  return withTimeout(check(), CHECK_WITHIN_MS, 'check').then(
    () => 'ok',
    () => 'unavailable',
  );
}
