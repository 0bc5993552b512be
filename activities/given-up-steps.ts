/** Records an operator's decision to give up a step of a saga, with one event for each decision. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { GiveUpOrder } from '../domain/contracts';
import type { OrderDatabase } from '../prisma/order/client';
import { recordEvents } from './outbox';

/** Is idempotent by the decision's id. The order need not exist, nor belong to the saga. */
export async function recordGivingUp(
  db: OrderDatabase,
  sagaId: string,
  orders: readonly GiveUpOrder[],
): Promise<void> {
  const ids = orders.map(({ givingUp }) => givingUp.id);
  const steps = orders.map(({ givingUp }) => givingUp.step);
  const operators = orders.map(({ givingUp }) => givingUp.by);
  const reasons = orders.map(({ givingUp }) => givingUp.reason);
  const times = orders.map(({ givingUp }) => givingUp.at);
  const orderIds = orders.map(({ orderId }) => orderId);
  const customers = orders.map(({ customerId }) => customerId);
  const totals = orders.map(({ totalMinor }) => totalMinor);
  const currencies = orders.map(({ currency }) => currency);
  await db.$executeRaw(sql`
    WITH asked AS (
      SELECT * FROM unnest(${ids}::uuid[], ${steps}::text[], ${operators}::text[], ${reasons}::text[], ${times}::timestamptz[],
        ${orderIds}::uuid[], ${customers}::uuid[], ${totals}::bigint[], ${currencies}::text[])
        AS a (id, step, by, reason, at, order_id, customer_id, total_minor, currency)
    ), inserted AS (
      INSERT INTO given_up_steps (id, order_id, saga_id, step, by, reason, at)
      SELECT id, order_id, ${sagaId}, step, by, reason, at FROM asked
      ON CONFLICT (id) DO NOTHING
      RETURNING *
    )
    ${recordEvents(sql`
      SELECT 'given-up-step', i.id, 1, 'SagaStepGivenUp', jsonb_build_object('orderId', i.order_id,
        'customerId', a.customer_id, 'amountMinor', a.total_minor, 'currency', a.currency, 'step', i.step,
        'by', i.by, 'reason', i.reason, 'at', to_char(i.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), i.saga_id
      FROM inserted i JOIN asked a ON a.id = i.id`)}`);
}
