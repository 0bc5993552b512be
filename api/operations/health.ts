/** Liveness and readiness of the process. */
import { Router } from 'express';
import { Unready } from '../../platform/unready';
import { withTimeout } from '../../saga/host/with-timeout';
import { otherMethods } from '../http/problem-handler';
import { CHECK_TIMEOUT_MS } from './shared-check';

/** 2 s: about the time that a database or Temporal needs to restart. */
const RETRY_AFTER_S = '2';

type Check = 'ok' | 'unavailable';

interface ReadinessReport {
  readonly checks: Readonly<Record<string, Check>>;
  /** By check that failed: one line that says what to do, where an operator must do something. */
  readonly reasons: Readonly<Record<string, string>>;
}

export type Readiness = () => Promise<ReadinessReport>;

/** Runs the named checks concurrently. A check that fails or times out is `unavailable`. */
export function readiness(checks: Readonly<Record<string, () => Promise<unknown>>>): Readiness {
  return async () => {
    const reasons: Record<string, string> = {};
    const results = Object.entries(checks).map(async ([name, check]) => {
      const failed = await failureOf(check);
      if (failed instanceof Unready) reasons[name] = failed.message;
      return [name, failed === undefined ? 'ok' : 'unavailable'] as const;
    });
    return { checks: Object.fromEntries(await Promise.all(results)), reasons };
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
    .all(otherMethods('GET', 'HEAD'));
  router
    .route('/readyz')
    .get(async (_request, response) => {
      const { checks, reasons } = await ready();
      const isReady = Object.values(checks).every((check) => check === 'ok');
      if (!isReady) response.set('Retry-After', RETRY_AFTER_S);
      response
        .status(isReady ? 200 : 503)
        .json({ status: isReady ? 'ok' : 'unavailable', checks, ...(!isReady && { reasons }), workflows });
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}

/** @returns undefined when it succeeds in time */
async function failureOf(check: () => Promise<unknown>): Promise<unknown> {
  return withTimeout(check(), CHECK_TIMEOUT_MS, 'check').then(
    () => undefined,
    (error: unknown) => error ?? new Error('without a reason'),
  );
}
