/** Paths that another service has: handed to it, and its answer back. */
import { type Request, type Response, Router } from 'express';
import { createProxyServer } from 'httpxy';
import { Problem } from './problems';

/** 5 s: as long as a statement of the other service may take. */
const ANSWER_WITHIN_MS = 5_000;

export interface Forwarded {
  readonly paths: string[];
  /** Base URL of the other service; may be the address of several processes. */
  readonly to: string;
  /** What is said while it does not answer. */
  readonly away: 'customer-service-unavailable' | 'order-history-unavailable';
}

/** Register it after the routes that this process has itself. */
export function forwarding({ paths, to, away }: Forwarded): Router {
  const { protocol, hostname, host, port, pathname } = new URL(to);
  // A new connection each time: behind one address there are several processes, and each of them may die.
  const proxy = createProxyServer({
    // An IPv6 address is connected to without its brackets, which the proxy keeps when it gets a URL.
    target: { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), host, port, pathname },
    agent: false,
    changeOrigin: true,
    xfwd: true,
    proxyTimeout: ANSWER_WITHIN_MS,
  });
  const forward = async (request: Request, response: Response): Promise<void> => {
    const headers = { 'X-Request-Id': String(response.getHeader('X-Request-Id')) };
    try {
      await proxy.web(request, response, { headers });
    } catch (cause) {
      throw new Problem(away, 'Send the request again later.', { cause });
    }
  };
  const router = Router();
  router.all(paths, forward);
  return router;
}
