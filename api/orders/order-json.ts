/** The order over HTTP. */
import { z } from 'zod';
import {
  CANCELLATION_REASONS,
  type CancellationReason,
  ORDER_STATES,
  type OrderState,
} from '../../domain/order';
import { moneyJson, moneyJsonSchema, moneySchema } from '../http/money';
import { idSchema, pageParameters, timeSchema } from '../http/schemas';

export const newOrderBody = z.strictObject({ customerId: idSchema, orderTotal: moneySchema(1) });

const state = z.enum(ORDER_STATES).optional().meta({ description: 'Only orders in this state.' });
const customerId = idSchema.optional().meta({ description: 'Only orders of this customer.' });
export const ordersQuery = z.strictObject({ customerId, state, ...pageParameters });
export const customerOrdersQuery = z.strictObject({ state, ...pageParameters });

export const orderSchema = z.object({
  orderId: z.guid(),
  customerId: z.guid(),
  orderTotal: moneyJsonSchema,
  state: z.enum(ORDER_STATES),
  cancellationReason: z
    .enum(CANCELLATION_REASONS)
    .optional()
    .meta({ description: 'Present when CANCELLED.' }),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  links: z.object({
    self: z.string(),
    temporal: z.string().meta({ description: "The order's saga in the Temporal UI." }),
  }),
});

export const orderWithAttentionSchema = orderSchema.extend({
  attention: z
    .array(z.object({ step: z.string(), reason: z.string(), since: timeSchema }))
    .exactOptional()
    .meta({ description: 'Parked steps: they must succeed and keep failing. The saga still retries them.' }),
  givenUp: z
    .object({ step: z.string(), by: z.string(), reason: z.string(), at: timeSchema })
    .exactOptional()
    .meta({ description: 'The last step that an operator gave up. The order keeps its state.' }),
});

export const orderPageSchema = z.object({
  items: z.array(orderSchema).meta({ description: 'Newest first.' }),
  nextCursor: z.string().nullable().meta({ description: 'null on the last page.' }),
});

/** An order as its row shows it, or as the request and the notices of this process do. */
export interface OrderView {
  readonly orderId: string;
  readonly customerId: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly state: OrderState;
  readonly reason?: CancellationReason;
  /** ISO 8601 with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Number of transitions, from 1. */
  readonly version: number;
  /** Workflow id of the saga that owns the order. */
  readonly sagaId: string;
  /** UUID derived from the Idempotency-Key of the request that cancelled the order. */
  readonly cancellationKey?: string;
}

/** @param sagaLink returns the URL of a saga in the Temporal UI */
export function orderJson(
  order: OrderView,
  sagaLink: (sagaId: string) => string,
): z.infer<typeof orderSchema> {
  return {
    orderId: order.orderId,
    customerId: order.customerId,
    orderTotal: moneyJson(order.totalMinor, order.currency),
    state: order.state,
    ...(order.reason && { cancellationReason: order.reason }),
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    links: { self: orderPath(order.orderId), temporal: sagaLink(order.sagaId) },
  };
}

export function orderPath(orderId: string): string {
  return `/orders/${orderId}`;
}
