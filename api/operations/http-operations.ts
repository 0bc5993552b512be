/** The table of HTTP operations, the source of /openapi.json and /docs. */
import { z } from 'zod';
import { payloadsSchema } from '../codec/codec-json';
import type { ProblemName } from '../http/problems';
import { CURSOR_PATTERN } from '../http/schemas';
import { customerSchema, newCustomerBody } from '../customers/customer-json';
import { customerQuery, customerWithOrdersSchema } from '../customers/customer-with-orders';
import { eventPageSchema, eventsQuery, eventStreamSchema, FEED_CURSOR_EXAMPLE } from '../events/event-json';
import { timelineOperations } from '../operators/timeline-operations';
import { OVERVIEW_OPERATIONS } from '../operators/overview-operations';
import { SAGA_LIST_OPERATIONS } from '../operators/saga-list-operations';
import { historyQuery, historySchema } from '../order-history/history-json';
import {
  customerOrdersQuery,
  newOrderBody,
  orderPageSchema,
  orderSchema,
  ordersQuery,
  orderWithAttentionSchema,
} from '../orders/order-json';
import {
  CANCELLATION_KEY,
  IDEMPOTENCY_KEY,
  IF_MATCH,
  type Operation,
  PREFER,
  X_NAMESPACE,
} from './operation';

/** Of every request. */
const ANY: readonly ProblemName[] = [
  'invalid-request',
  'malformed-request',
  'request-timeout',
  'headers-too-large',
  'unauthenticated',
  'insufficient-scope',
  'foreign-host',
  'foreign-origin',
  'too-many-requests',
  'identity-provider-unavailable',
  'database-unavailable',
  'stopping',
  'internal',
];
const READ: readonly ProblemName[] = [...ANY, 'read-timeout'];
const CODEC: readonly ProblemName[] = [
  ...ANY,
  'insufficient-scope',
  'not-found',
  'too-large',
  'unsupported-media-type',
];
const WRITE: readonly ProblemName[] = [
  ...ANY,
  'too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
];

const FEED_CURSOR = z.string().meta({ pattern: CURSOR_PATTERN, examples: [FEED_CURSOR_EXAMPLE] });

/** Headers of an answer about what was created. */
const CREATED = ['ETag', 'Location'] as const;

export const OPERATIONS: readonly Operation[] = [
  {
    service: 'customers',
    method: 'post',
    path: '/customers',
    operationId: 'createCustomer',
    scopes: ['customers:write'],
    forOneCustomer: 'refused',
    summary: 'Create a customer with a credit limit',
    description: 'The credit limit is fixed: orders reserve it, and cancelled ones release it.',
    headers: { 'Idempotency-Key': IDEMPOTENCY_KEY },
    body: newCustomerBody,
    answers: { 201: { description: 'The customer.', schema: customerSchema, headers: CREATED } },
    problems: [...WRITE, 'customer-service-unavailable'],
  },
  {
    service: 'customers',
    method: 'get',
    path: '/customers/{id}',
    operationId: 'getCustomer',
    scopes: ['customers:read'],
    forOneCustomer: 'path',
    summary: 'A customer with its credit, and optionally its orders',
    description: 'Always current. With `include=orders` it needs both services, and the scope `orders:read`.',
    query: customerQuery,
    answers: { 200: { description: 'The customer.', schema: customerWithOrdersSchema } },
    problems: [...READ, 'not-found', 'customer-service-unavailable'],
  },
  {
    service: 'customers',
    method: 'delete',
    path: '/customers/{id}/personal-data',
    operationId: 'erasePersonalData',
    scopes: ['customers:write'],
    forOneCustomer: 'path',
    summary: "Erase a customer's personal data",
    description:
      'The name becomes null, for good. The account stays, with its credit and its orders. Repeatable. The event `CustomerPersonalDataErased` tells it.',
    answers: { 204: { description: 'The personal data is erased.' } },
    problems: [...ANY, 'not-found', 'customer-service-unavailable'],
  },
  {
    service: 'orders',
    method: 'get',
    path: '/customers/{id}/orders',
    operationId: 'listOrdersOfCustomer',
    scopes: ['orders:read'],
    forOneCustomer: 'path',
    summary: 'The orders of a customer, newest first',
    description: 'The order service has no customers: the page of an unknown customer is empty.',
    query: customerOrdersQuery,
    answers: { 200: { description: 'A page of orders.', schema: orderPageSchema, headers: ['Vary'] } },
    problems: READ,
  },
  {
    service: 'orders',
    method: 'post',
    path: '/orders',
    operationId: 'placeOrder',
    scopes: ['orders:write'],
    forOneCustomer: 'checked',
    summary: 'Place an order',
    description:
      'A refusal, as for insufficient credit, is not an error: the order becomes CANCELLED with a reason.',
    headers: { 'Idempotency-Key': IDEMPOTENCY_KEY, Prefer: PREFER },
    body: newOrderBody,
    answers: {
      201: {
        description: 'Decided within the time of `Prefer: wait`.',
        schema: orderSchema,
        headers: [...CREATED, 'Preference-Applied'],
      },
      202: {
        description: 'The order is durable and PENDING.',
        schema: orderSchema,
        headers: [...CREATED, 'Preference-Applied'],
      },
    },
    problems: [...WRITE, 'not-found', 'too-many-open-orders', 'overloaded', 'temporal-unavailable'],
  },
  {
    service: 'orders',
    method: 'post',
    path: '/orders/{id}/cancel',
    operationId: 'cancelOrder',
    scopes: ['orders:write'],
    forOneCustomer: 'checked',
    summary: 'Cancel an order',
    description:
      'Allowed at any time and repeatable. An approved order is CANCELLING until its credit is released.',
    headers: { 'Idempotency-Key': CANCELLATION_KEY, 'If-Match': IF_MATCH, Prefer: PREFER },
    answers: {
      200: {
        description: 'The order is cancelled.',
        schema: orderSchema,
        headers: ['ETag', 'Preference-Applied'],
      },
      202: {
        description: 'The cancellation is accepted; credit may still have to be released.',
        schema: orderSchema,
        headers: ['ETag', 'Preference-Applied'],
      },
    },
    problems: [
      ...ANY,
      'not-found',
      'order-cancelled',
      'precondition-failed',
      'overloaded',
      'temporal-unavailable',
    ],
  },
  {
    service: 'orders',
    method: 'get',
    path: '/orders/{id}',
    operationId: 'getOrder',
    scopes: ['orders:read'],
    forOneCustomer: 'checked',
    summary: 'An order',
    description: 'As its row is at the time of the request, with what operators know of its saga.',
    answers: { 200: { description: 'The order.', schema: orderWithAttentionSchema, headers: ['ETag'] } },
    problems: [...READ, 'not-found'],
  },
  ...timelineOperations(READ),
  {
    service: 'orders',
    method: 'get',
    path: '/orders',
    operationId: 'listOrders',
    scopes: ['orders:read'],
    forOneCustomer: 'checked',
    summary: 'Orders, newest first',
    description: 'A token of one customer lists the orders of this customer.',
    query: ordersQuery,
    answers: { 200: { description: 'A page of orders.', schema: orderPageSchema, headers: ['Vary'] } },
    problems: READ,
  },
  {
    service: 'events',
    method: 'get',
    path: '/events',
    operationId: 'readEvents',
    scopes: ['events:read'],
    forOneCustomer: 'refused',
    summary: 'The domain events of both services, as CloudEvents 1.0',
    description:
      'With `Accept: text/event-stream`, a live stream that resumes after `Last-Event-ID`. Delivery is at least once, and in order for each subject of a source. A temporary refusal of a stream is a 200 stream with `retry:` and one event of type `problem`. `startsAfter`, in a page and in the 410 for an old cursor, is the start of the feed; a stream has it in the header `Events-Start-After`.',
    query: eventsQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: without events, waits up to N seconds for one.' },
      'Last-Event-ID': { description: 'For a stream: reads the events after this id.', schema: FEED_CURSOR },
    },
    answers: {
      200: {
        description: 'A page of events, or a stream.',
        schema: eventPageSchema,
        orElse: { mediaType: 'text/event-stream', schema: eventStreamSchema },
        headers: ['Vary', 'Events-Start-After'],
      },
    },
    problems: [
      ...READ,
      'not-acceptable',
      'cursor-too-old',
      'cursor-of-lost-events',
      'too-many-streams',
      'too-many-readers',
    ],
  },
  {
    service: 'history',
    method: 'get',
    path: '/customers/{id}/order-history',
    operationId: 'getOrderHistory',
    scopes: ['customers:read', 'orders:read'],
    forOneCustomer: 'path',
    summary: 'A customer with its orders and their events, from the projection',
    description: 'Eventually consistent: `asOf` shows how current it is.',
    query: historyQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: waits up to N seconds for what `includes` names.' },
    },
    answers: {
      200: { description: 'The history.', schema: historySchema, headers: ['Preference-Applied'] },
    },
    problems: [
      ...READ,
      'not-found',
      'too-many-readers',
      'order-history-incomplete',
      'order-history-unavailable',
    ],
  },
  {
    service: 'codec',
    method: 'post',
    path: '/codec/decode',
    operationId: 'decodePayloads',
    scopes: ['operate'],
    forOneCustomer: 'refused',
    summary: 'Decode payloads of Temporal, for its UI and CLI',
    description: "Temporal's contract of remote codecs. Needs the scope `operate`.",
    headers: { 'X-Namespace': X_NAMESPACE },
    body: payloadsSchema,
    answers: { 200: { description: 'The decoded payloads, in order.', schema: payloadsSchema } },
    problems: [...CODEC, 'payload-not-decoded'],
  },
  {
    service: 'codec',
    method: 'post',
    path: '/codec/encode',
    operationId: 'encodePayloads',
    scopes: ['operate'],
    forOneCustomer: 'refused',
    summary: 'Encode payloads for Temporal, for its UI and CLI',
    description: "Temporal's contract of remote codecs. Needs the scope `operate`.",
    headers: { 'X-Namespace': X_NAMESPACE },
    body: payloadsSchema,
    answers: { 200: { description: 'The encoded payloads, in order.', schema: payloadsSchema } },
    problems: CODEC,
  },
  ...[...SAGA_LIST_OPERATIONS, ...OVERVIEW_OPERATIONS].map((operation) => ({
    ...operation,
    problems: [...READ, ...operation.problems],
  })),
];
