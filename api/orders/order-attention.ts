/** The parked and given-up steps in the answer of `GET /orders/:id`. */
import type { z } from 'zod';
import type { OrderDatabase } from '../../prisma/order/client';
import type { OrderView, orderWithAttentionSchema } from './order-json';
import type { ParkedSagas } from './parked-sagas';

export interface AttentionDependencies {
  readonly db: OrderDatabase;
  readonly parked: Pick<ParkedSagas, 'stepsOf'>;
}

type OrderAttention = Pick<z.infer<typeof orderWithAttentionSchema>, 'attention' | 'givenUp'>;

/** Costs no query for an approved order, because its saga has no steps left. */
export async function orderAttention(
  { db, parked }: AttentionDependencies,
  { orderId, state }: OrderView,
): Promise<OrderAttention> {
  if (state === 'APPROVED') return {};
  const [steps, givenUp] = await Promise.all([
    parked.stepsOf(orderId),
    db.givenUpStep.findFirst({ where: { orderId }, orderBy: { at: 'desc' } }),
  ]);
  return {
    ...(steps.length > 0 && { attention: steps.map(({ step, reason, since }) => ({ step, reason, since })) }),
    ...(givenUp && {
      givenUp: {
        step: givenUp.step,
        by: givenUp.by,
        reason: givenUp.reason,
        at: givenUp.at.toISOString(),
      },
    }),
  };
}
