/**
 * The credit step that an order service requests directly, for the fast path of an order alone. Only a process without the
 * order service has this route: its port is for other services, and an order service does not forward the path.
 */
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { OrderRequest, StepRequest } from '../../domain/contracts';
import { MAX_AMOUNT_MINOR } from '../../domain/money';
import { Admission } from '../http/admission';
import { otherMethods } from '../http/problem-handler';
import { idSchema } from '../http/schemas';
import { jsonBody, valid } from '../http/validation';

export const RESERVE_CREDIT_PATH = '/internal/steps/reserveCredit';

/**
 * 5: half of the connections of the steps. The others are for the task queue, which decides. An order that is refused here
 * loses nothing: its workflow requests the step anyway.
 */
const REQUESTS_AT_ONCE = 5;

/** One order: only an order alone takes the fast path. */
const stepBody = z.strictObject({
  sagaId: z.string().min(1).max(100),
  items: z.tuple([
    z.strictObject({
      orderId: idSchema,
      customerId: idSchema,
      totalMinor: z.int().min(1).max(MAX_AMOUNT_MINOR),
      currency: z.string().regex(/^[A-Z]{3}$/),
    }),
  ]),
});

export interface CreditStepRoutesDependencies {
  /** Runs the step. @returns its answers */
  readonly reserveCredit: (request: StepRequest<OrderRequest>) => Promise<unknown>;
}

export function creditStepRoutes({ reserveCredit }: CreditStepRoutesDependencies): Router {
  const router = Router();
  const admission = new Admission(REQUESTS_AT_ONCE);
  router
    .route(RESERVE_CREDIT_PATH)
    .post(jsonBody, async (request: Request, response: Response) => {
      const step = valid(stepBody, request.body);
      response.json(await admission.run(() => reserveCredit(step)));
    })
    .all(otherMethods('POST'));
  return router;
}
