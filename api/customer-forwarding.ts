/** `/customers*` at an order service that has no customers: handed to the customer service, and its answer back. */
import { type Request, type Response, Router } from 'express';
import { createProxyServer } from 'httpxy';
import { Problem } from './problems';

/** 5 s: as long as a statement of the customer service may take. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Register it after the order service's own `/customers/:id/orders`.
 *
 * @param customerServiceUrl base URL; may be the address of several processes
 */
export function customerForwarding(customerServiceUrl: string): Router {
  // A new connection each time: behind one address there are several processes, and each of them may die.
  const proxy = createProxyServer({
    target: customerServiceUrl,
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
      throw new Problem('customer-service-unavailable', 'Send the request again later.', { cause });
    }
  };
  const router = Router();
  router.all(['/customers', '/customers/:id'], forward);
  return router;
}
