/** Requests the credit step of an order on the fast path from the customer service, without the task queue. */
import { z } from 'zod';
import type { OrderRequest, StepRequest } from '../../domain/contracts';
import { RESERVE_CREDIT_PATH } from '../customers/credit-step-routes';

/**
 * 250 ms, a quarter of the fast path's time: the approval has the rest. A request takes a few milliseconds. When it takes
 * this long, the workflow's own request over the task queue has usually been answered, also by another process.
 */
export const CREDIT_REQUEST_MS = 250;

/** Only of the order that it was requested for: with `reserved`, the fast path approves the order. */
const answersFor = ([order]: StepRequest<OrderRequest>['items']) =>
  z.tuple([z.object({ orderId: z.literal(order?.orderId ?? ''), outcome: z.string() })]);

/**
 * The steps, by activity name. A request rejects unless it is answered in time with an answer of the step: then the fast
 * path ends. A request is never repeated. It may have been executed all the same.
 *
 * @param customerServiceUrl base URL of the customer service; may be the address of several processes
 * @param headers additional ones, by which the customer service knows this service
 * @param withinMs time limit of a request
 */
export function creditStepRequests(
  customerServiceUrl: string,
  headers: Readonly<Record<string, string>> = {},
  withinMs = CREDIT_REQUEST_MS,
) {
  const url = new URL(RESERVE_CREDIT_PATH, customerServiceUrl);
  return {
    reserveCredit: async (request: StepRequest<OrderRequest>) => {
      // Node keeps the connection for the next request.
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(request),
        redirect: 'error',
        signal: AbortSignal.timeout(withinMs),
      });
      const body: unknown = await response.json();
      if (response.status !== 200)
        throw new Error(`the customer service answered ${String(response.status)} to a step`);
      return answersFor(request.items).parse(body);
    },
  };
}
