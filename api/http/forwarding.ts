/** Paths that another service has: handed to it, and its answer back. */
import { type Request, type Response, Router } from 'express';
import { createProxyServer } from 'httpxy';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { preferredWaitSeconds } from './prefer';
import { Problem } from './problems';

export interface Forwarded {
  readonly paths: string[];
  /** Base URL of the other service; may be the address of several processes. */
  readonly to: string;
  /** What is said while it does not answer. */
  readonly away: 'customer-service-unavailable' | 'order-history-unavailable';
}

/** Register it after the routes that this process has itself. */
export function forwarding({ paths, to, away }: Forwarded): Router {
  // A new connection each time: behind one address there are several processes, and each of them may die.
  const proxy = createProxyServer({
    target: to,
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
      throw new Problem(away, 'Send the request again later.', { cause });
    }
  };
  const router = Router();
  router.all(paths, forward);
  return router;
}
