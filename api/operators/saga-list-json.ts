/** The list of orders with their sagas over HTTP: its query, and an item of its pages. */
import { z } from 'zod';
import {
  CANCELLATION_REASONS,
  type CancellationReason,
  ORDER_STATES,
  type OrderState,
} from '../../domain/order';
import { moneyJson, moneyJsonSchema } from '../http/money';
import { idSchema, pageParameters, timeSchema } from '../http/schemas';
import { orderPath, type OrderView } from '../orders/order-json';
import { ageSchema } from './age';

/** `open` while a saga has to do something about the order; then `approved`, or the reason of the cancellation. */
export const OUTCOMES = ['open', 'approved', ...CANCELLATION_REASONS] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** 200 characters: longer than the description of any step. */
const STEP_MAX = 200;

export const sagasQuery = z
  .strictObject({
    orderId: idSchema.optional().meta({ description: 'Only this order.' }),
    customerId: idSchema.optional().meta({ description: 'Only orders of this customer.' }),
    state: z.enum(ORDER_STATES).optional().meta({ description: 'Only orders in this state.' }),
    step: z.string().min(1).max(STEP_MAX).optional().meta({
      description: 'Only orders that wait for this parked step. Implies `attention=true`.',
    }),
    attention: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional()
      .meta({
        description:
          '`true`: only orders with a parked step, by the time since which it fails. `false`: only orders without; then a page may have fewer than `limit` items before the last one.',
      }),
    outcome: z.enum(OUTCOMES).optional().meta({ description: 'Only orders with this outcome.' }),
    olderThan: ageSchema.optional().meta({
      description:
        'Only orders that were placed at least this long ago: seconds, or an ISO 8601 duration as `PT5M`.',
      examples: ['PT5M'],
    }),
    ...pageParameters,
  })
  .refine(({ step, attention }) => step === undefined || attention !== false, {
    path: ['step'],
    message: 'is known of parked steps only: leave out attention=false',
  });

export type SagasQuery = z.output<typeof sagasQuery>;

/** What may not answer while the rest of the page is known. */
const SOURCES = ['orderDatabase', 'temporal'] as const;
export type Source = (typeof SOURCES)[number];

const parkedStepSchema = z.object({
  step: z.string(),
  reason: z.string(),
  since: timeSchema,
  sagaId: z.string().meta({ description: 'Workflow id of the saga that waits for the step.' }),
});

const givenUpSchema = z.object({ step: z.string(), by: z.string(), reason: z.string(), at: timeSchema });

const sagaSchema = z
  .object({
    orderId: z.guid(),
    sagaId: z.string().meta({ description: "Workflow id of the order's saga." }),
    customerId: z.guid().exactOptional(),
    orderTotal: moneyJsonSchema.exactOptional(),
    state: z.enum(ORDER_STATES).exactOptional(),
    outcome: z.enum(OUTCOMES).exactOptional(),
    createdAt: timeSchema.exactOptional(),
    updatedAt: timeSchema.exactOptional(),
    ageSeconds: z.int().min(0).exactOptional().meta({ description: 'Since `createdAt`.' }),
    attention: z.array(parkedStepSchema).exactOptional().meta({
      description: 'Parked steps: they must succeed and keep failing. Absent while Temporal does not answer.',
    }),
    givenUp: givenUpSchema.exactOptional().meta({ description: 'The last step that an operator gave up.' }),
    links: z.object({ order: z.string(), timeline: z.string(), temporal: z.string() }),
  })
  .meta({
    description:
      'What the row of the order tells is absent while the row does not exist or the order database does not answer.',
  });

export const sagaPageSchema = z.object({
  items: z.array(sagaSchema).meta({ description: 'Newest first.' }),
  nextCursor: z.string().nullable().meta({ description: 'null on the last page.' }),
  truncated: z.boolean().meta({
    description: 'More orders are parked than are listed: with `attention=true`, the list is not complete.',
  }),
  unavailable: z.array(z.enum(SOURCES)).meta({ description: 'What did not answer.' }),
});

export type SagaPage = z.infer<typeof sagaPageSchema>;
export type SagaItem = z.infer<typeof sagaSchema>;
export type ParkedStepJson = z.infer<typeof parkedStepSchema>;
export type GivenUpJson = z.infer<typeof givenUpSchema>;

/** What is known of an order and its sagas. */
export interface SagaFacts {
  readonly orderId: string;
  readonly order?: OrderView | undefined;
  readonly attention?: readonly ParkedStepJson[] | undefined;
  readonly givenUp?: GivenUpJson | undefined;
}

/** @throws TypeError when a cancelled order has no known reason; a CHECK of the database excludes that */
export function outcomeOf(state: OrderState, reason: CancellationReason | undefined): Outcome {
  if (state === 'APPROVED') return 'approved';
  if (state !== 'CANCELLED') return 'open';
  if (reason === undefined) throw new TypeError('a cancelled order without a known reason');
  return reason;
}

/** @param sagaLink returns the URL of a saga in the Temporal UI */
export function sagaJson(
  { orderId, order, attention, givenUp }: SagaFacts,
  sagaLink: (sagaId: string) => string,
  now: number,
): SagaItem {
  const sagaId = order?.sagaId ?? attention?.[0]?.sagaId ?? '';
  return {
    orderId,
    sagaId,
    ...(order && {
      customerId: order.customerId,
      orderTotal: moneyJson(order.totalMinor, order.currency),
      state: order.state,
      outcome: outcomeOf(order.state, order.reason),
      createdAt: order.createdAt,
      updatedAt: order.updatedAt,
      // The clock of the database may be ahead of this process's.
      ageSeconds: Math.max(Math.floor((now - Date.parse(order.createdAt)) / 1_000), 0),
    }),
    ...(attention && { attention: [...attention] }),
    ...(givenUp && { givenUp }),
    links: {
      order: orderPath(orderId),
      timeline: `/ops/orders/${orderId}/timeline`,
      temporal: sagaLink(sagaId),
    },
  };
}
