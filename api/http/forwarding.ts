/** Forwards the paths of another service to it. */
import { type Request, type Response, Router } from 'express';
import { createProxyServer } from 'httpxy';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { preferredWaitSeconds } from './prefer';
import { Problem } from './problems';

export interface Forwarded {
  readonly paths: string[];
  /** Base URL of the other service; may be the address of several processes. */
  readonly target: string;
  /** The problem that clients get while the other service does not answer. */
  readonly problem: 'customer-service-unavailable' | 'order-history-unavailable';
}

/** Register it after the routes of this process. */
export function forwarding({ paths, target, problem }: Forwarded): Router {
  // One connection per request: behind one address there may be several processes, and each of them may die.
  const proxy = createProxyServer({
    target,
    agent: false,
    changeOrigin: true,
    xfwd: true,
  });
  const forward = async (request: Request, response: Response): Promise<void> => {
    const headers = { 'X-Request-Id': String(response.getHeader('X-Request-Id')) };
    const waitMs = preferredWaitSeconds(request.get('Prefer')) * 1_000;
    try {
      await proxy.web(request, response, { headers, proxyTimeout: answerTimeoutMs(waitMs) });
    } catch (cause) {
      throw new Problem(problem, 'Send the request again later.', { cause });
    }
  };
  const router = Router();
  router.all(paths, forward);
  return router;
}
