/** The HTTP interface as a table: one entry an operation, from which /openapi.json and /docs are made. */
import { z } from 'zod';
import type { ProblemName } from '../http/problems';
import {
  customerOrdersQuery,
  customerQuery,
  customerSchema,
  customerWithOrdersSchema,
  eventPageSchema,
  eventsQuery,
  historyQuery,
  historySchema,
  newCustomerBody,
  newOrderBody,
  orderPageSchema,
  orderSchema,
  orderWithAttentionSchema,
  ordersQuery,
} from '../http/schemas';
import { LONGEST_WAIT_S } from '../http/prefer';

export interface Operation {
  readonly service: 'orders' | 'customers' | 'events' | 'history';
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject<Readonly<Record<string, z.ZodType>>>;
  readonly headers?: Readonly<Record<string, HeaderParameter>>;
  readonly body?: z.ZodType;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ProblemName[];
}

interface HeaderParameter {
  readonly description: string;
  readonly schema: z.ZodType;
}

interface Answer {
  readonly description: string;
  readonly schema: z.ZodType;
  readonly location?: true;
}

const READ: readonly ProblemName[] = ['invalid-request', 'database-unavailable', 'stopping', 'internal'];
const WRITE: readonly ProblemName[] = [
  ...READ,
  'malformed-request',
  'too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
];

const IDEMPOTENCY_KEY: HeaderParameter = {
  description:
    'Visible ASCII. The same key with the same body gives the same answer; with another body it is refused.',
  schema: z.string().min(1).max(255),
};

const CANCELLATION_KEY: HeaderParameter = {
  description: 'Visible ASCII. The same key gets the same answer, also after the order was cancelled.',
  schema: z.string().min(1).max(255),
};

const PREFER: HeaderParameter = {
  description: `\`wait=N\`: wait up to N seconds, at most ${String(LONGEST_WAIT_S)}, for the outcome (RFC 7240).`,
  schema: z.string().meta({ examples: ['wait=5'] }),
};

export const OPERATIONS: readonly Operation[] = [
  {
    service: 'customers',
    method: 'post',
    path: '/customers',
    operationId: 'createCustomer',
    summary: 'Open a customer account with a credit limit',
    headers: { 'Idempotency-Key': IDEMPOTENCY_KEY },
    body: newCustomerBody,
    answers: { 201: { description: 'The customer.', schema: customerSchema, location: true } },
    problems: [...WRITE, 'customer-service-unavailable'],
  },
  {
    service: 'customers',
    method: 'get',
    path: '/customers/{id}',
    operationId: 'getCustomer',
    summary: 'A customer with its credit, and its orders if asked for',
    query: customerQuery,
    answers: { 200: { description: 'The customer.', schema: customerWithOrdersSchema } },
    problems: [...READ, 'not-found', 'customer-service-unavailable'],
  },
  {
    service: 'orders',
    method: 'get',
    path: '/customers/{id}/orders',
    operationId: 'listOrdersOfCustomer',
    summary: 'The orders of a customer, newest first',
    description: 'The order service knows orders, not customers: an unknown customer has an empty page.',
    query: customerOrdersQuery,
    answers: { 200: { description: 'A page of orders.', schema: orderPageSchema } },
    problems: READ,
  },
  {
    service: 'orders',
    method: 'post',
    path: '/orders',
    operationId: 'placeOrder',
    summary: 'Place an order',
    description: 'A refusal, as for want of credit, is not an error: the order is CANCELLED with its reason.',
    headers: { 'Idempotency-Key': IDEMPOTENCY_KEY, Prefer: PREFER },
    body: newOrderBody,
    answers: {
      201: {
        description: 'Decided within the time that was asked for.',
        schema: orderSchema,
        location: true,
      },
      202: { description: 'Durable and PENDING.', schema: orderSchema, location: true },
    },
    problems: [...WRITE, 'overloaded', 'temporal-unavailable'],
  },
  {
    service: 'orders',
    method: 'post',
    path: '/orders/{id}/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order',
    description: 'At any time, and any number of times. The credit of an approved order is released first.',
    headers: { 'Idempotency-Key': CANCELLATION_KEY, Prefer: PREFER },
    answers: {
      200: { description: 'The order is cancelled.', schema: orderSchema },
      202: { description: 'The cancellation is decided; credit may still be released.', schema: orderSchema },
    },
    problems: [...READ, 'not-found', 'order-cancelled', 'overloaded', 'temporal-unavailable'],
  },
  {
    service: 'orders',
    method: 'get',
    path: '/orders/{id}',
    operationId: 'getOrder',
    summary: 'An order',
    answers: { 200: { description: 'The order.', schema: orderWithAttentionSchema } },
    problems: [...READ, 'not-found'],
  },
  {
    service: 'orders',
    method: 'get',
    path: '/orders',
    operationId: 'listOrders',
    summary: 'Orders, newest first',
    query: ordersQuery,
    answers: { 200: { description: 'A page of orders.', schema: orderPageSchema } },
    problems: READ,
  },
  {
    service: 'events',
    method: 'get',
    path: '/events',
    operationId: 'readEvents',
    summary: 'The domain events of both services, as CloudEvents 1.0',
    description:
      'With `Accept: text/event-stream` a live stream, where `Last-Event-ID` resumes. At least once; in order for one subject at one source. `startsAfter`, in a page and in the 410 for a cursor that is too old, says where the feed starts; a stream has it in the header `Events-Start-After`.',
    query: eventsQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: when there are no events, wait up to N seconds for one.' },
      'Last-Event-ID': { description: 'Of a stream: reads on after this id.', schema: z.string() },
    },
    answers: { 200: { description: 'A page of events.', schema: eventPageSchema } },
    problems: [...READ, 'cursor-too-old', 'cursor-of-lost-events', 'too-many-streams'],
  },
  {
    service: 'history',
    method: 'get',
    path: '/customers/{id}/order-history',
    operationId: 'getOrderHistory',
    summary: 'A customer with its orders and what they went through, from the view built of events',
    description: 'Eventually consistent: `asOf` says how far it has followed.',
    query: historyQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: wait up to N seconds for what `includes` names.' },
    },
    answers: { 200: { description: 'The history.', schema: historySchema } },
    problems: [...READ, 'not-found', 'order-history-incomplete', 'order-history-unavailable'],
  },
];
