/** All event types, each with its publisher and the schema of every version of its data. */
import { z } from 'zod';
import type { DomainEvents } from '../domain/events';
import { MAX_AMOUNT_MINOR } from '../domain/money';
import { CANCELLATION_REASONS } from '../domain/order';
import type { EventSource } from '../domain/events';

export type EventType = keyof DomainEvents;

export interface EventTypeDescription<Data> {
  readonly source: EventSource;
  readonly when: string;
  /** Schema of the current version. */
  readonly data: z.ZodType<Data>;
  /** Schemas of earlier versions, from 1: the feed and consumers may still have such events. */
  readonly earlier?: readonly z.ZodType[];
  readonly example: Data;
}

const minor = (minimum: number) =>
  z.int().min(minimum).max(MAX_AMOUNT_MINOR).meta({ description: 'Integer minor units of `currency`.' });
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .meta({ description: 'ISO 4217.' });
const facts = { orderId: z.guid(), customerId: z.guid(), amountMinor: minor(1), currency };
const account = { customerId: z.guid(), creditLimitMinor: minor(0), currency };

const order = {
  orderId: '019f0000-0000-7000-8000-000000000001',
  customerId: '019f0000-0000-7000-8000-00000000000a',
  amountMinor: 4_250,
  currency: 'USD',
};
const customer = { customerId: order.customerId, creditLimitMinor: 10_000, currency: 'USD' };

export const EVENT_TYPES: { readonly [Type in EventType]: EventTypeDescription<DomainEvents[Type]> } = {
  OrderCreated: {
    source: '/order-service',
    when: 'An order was placed. Its credit is not decided yet.',
    data: z.object({ ...facts, state: z.literal('PENDING') }),
    example: { ...order, state: 'PENDING' },
  },
  OrderApproved: {
    source: '/order-service',
    when: "The order's credit is reserved, and the order is approved.",
    data: z.object({ ...facts, state: z.literal('APPROVED') }),
    example: { ...order, state: 'APPROVED' },
  },
  OrderCancellationRequested: {
    source: '/order-service',
    when: 'An approved order is being cancelled. Its credit is still reserved.',
    data: z.object({ ...facts, state: z.literal('CANCELLING') }),
    example: { ...order, state: 'CANCELLING' },
  },
  OrderCancelled: {
    source: '/order-service',
    when: 'The order was cancelled, for the reason given.',
    data: z.object({ ...facts, state: z.literal('CANCELLED'), reason: z.enum(CANCELLATION_REASONS) }),
    example: { ...order, state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' },
  },
  SagaStepGivenUp: {
    source: '/order-service',
    when: "An operator gave up a step that the order's saga could not complete. The order stays in its state.",
    data: z.object({ ...facts, step: z.string(), by: z.string(), reason: z.string(), at: z.iso.datetime() }),
    example: {
      ...order,
      step: 'release credit',
      by: 'grace',
      reason: 'OPS-1742: the reservation is released by hand',
      at: '2026-11-24T12:00:00.000Z',
    },
  },
  CustomerCreated: {
    source: '/customer-service',
    when: "A customer's account was opened.",
    data: z.object(account),
    example: customer,
  },
  CustomerPersonalDataErased: {
    source: '/customer-service',
    when: "The customer's name was erased. The account stays. No event has a customer's name: who has read it elsewhere, as from `GET /customers/:id`, erases it now.",
    data: z.object(account),
    example: customer,
  },
  CreditReserved: {
    source: '/customer-service',
    when: "The order's amount is reserved from the customer's credit.",
    data: z.object(facts),
    example: order,
  },
  CreditLimitExceeded: {
    source: '/customer-service',
    when: 'The customer has too little credit left for the order. Nothing is reserved.',
    data: z.object({ ...facts, reason: z.literal('INSUFFICIENT_CREDIT') }),
    example: { ...order, reason: 'INSUFFICIENT_CREDIT' },
  },
  CreditRejected: {
    source: '/customer-service',
    when: 'The order cannot get credit, for the reason given. Nothing is reserved.',
    data: z.object({ ...facts, reason: z.enum(['UNKNOWN_CUSTOMER', 'CURRENCY_MISMATCH']) }),
    example: { ...order, reason: 'UNKNOWN_CUSTOMER' },
  },
  CreditReleased: {
    source: '/customer-service',
    when: 'The credit that the order had reserved is free again. `heldMinor` is 0 when nothing was reserved; a reservation that arrives later is then refused.',
    data: z.object({ ...facts, heldMinor: minor(0) }),
    example: { ...order, heldMinor: 4_250 },
  },
};

export const EVENT_TYPE_NAMES = Object.keys(EVENT_TYPES).filter(isEventType);

export function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENT_TYPES, name);
}

/** @returns undefined when the version does not exist (yet) */
export function schemaOf(
  { data, earlier = [] }: Pick<EventTypeDescription<unknown>, 'data' | 'earlier'>,
  version: number,
): z.ZodType | undefined {
  return [...earlier, data][version - 1];
}

/**
 * Returns the JSON Schema (2020-12) of a version of a type's data.
 *
 * @param url of the schema: its `$id`, and the `dataschema` of the events
 * @returns undefined when the version does not exist (yet)
 */
export function jsonSchemaOf(type: EventType, version: number, url: string): object | undefined {
  const schema = schemaOf(EVENT_TYPES[type], version);
  if (!schema) return undefined;
  const { $schema, ...rest } = z.toJSONSchema(schema);
  return { $schema, $id: url, title: type, description: EVENT_TYPES[type].when, ...rest };
}

/** Returns the path that serves the JSON Schema of a type's data: the end of the `dataschema` of its events. */
export function schemaPath(type: string, version: number): string {
  return `/event-schemas/${type}/${String(version)}`;
}
