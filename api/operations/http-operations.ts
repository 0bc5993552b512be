/** The table of HTTP operations, the source of /openapi.json and /docs. */
import { z } from 'zod';
import type { ProblemName } from '../http/problems';
import { customerSchema, newCustomerBody } from '../customers/customer-json';
import { customerQuery, customerWithOrdersSchema } from '../customers/customer-with-orders';
import { eventPageSchema, eventsQuery } from '../events/event-json';
import { historyQuery, historySchema } from '../order-history/history-json';
import {
  customerOrdersQuery,
  newOrderBody,
  orderPageSchema,
  orderSchema,
  ordersQuery,
  orderWithAttentionSchema,
} from '../orders/order-json';
import { CANCELLATION_KEY, IDEMPOTENCY_KEY, IF_MATCH, type Operation, PREFER } from './operation';

/** Of every request. */
const ANY: readonly ProblemName[] = [
  'invalid-request',
  'malformed-request',
  'request-timeout',
  'headers-too-large',
  'database-unavailable',
  'stopping',
  'internal',
];
const READ: readonly ProblemName[] = [...ANY, 'read-timeout'];
const WRITE: readonly ProblemName[] = [
  ...ANY,
  'too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
];

export const OPERATIONS: readonly Operation[] = [
  {
    service: 'customers',
    method: 'post',
    path: '/customers',
    operationId: 'createCustomer',
    summary: 'Create a customer with a credit limit',
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
    summary: 'A customer with its credit, and optionally its orders',
    query: customerQuery,
    answers: { 200: { description: 'The customer.', schema: customerWithOrdersSchema } },
    problems: [...READ, 'not-found', 'customer-service-unavailable'],
  },
  {
    service: 'customers',
    method: 'delete',
    path: '/customers/{id}/personal-data',
    operationId: 'erasePersonalData',
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
    summary: 'The orders of a customer, newest first',
    description: 'The order service has no customers: the page of an unknown customer is empty.',
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
    description:
      'A refusal, as for insufficient credit, is not an error: the order becomes CANCELLED with a reason.',
    headers: { 'Idempotency-Key': IDEMPOTENCY_KEY, Prefer: PREFER },
    body: newOrderBody,
    answers: {
      201: {
        description: 'Decided within the time of `Prefer: wait`.',
        schema: orderSchema,
        location: true,
      },
      202: { description: 'The order is durable and PENDING.', schema: orderSchema, location: true },
    },
    problems: [...WRITE, 'overloaded', 'temporal-unavailable'],
  },
  {
    service: 'orders',
    method: 'post',
    path: '/orders/{id}/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order',
    description:
      'Allowed at any time and repeatable. An approved order is CANCELLING until its credit is released.',
    headers: { 'Idempotency-Key': CANCELLATION_KEY, 'If-Match': IF_MATCH, Prefer: PREFER },
    answers: {
      200: { description: 'The order is cancelled.', schema: orderSchema },
      202: {
        description: 'The cancellation is accepted; credit may still have to be released.',
        schema: orderSchema,
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
      'With `Accept: text/event-stream`, a live stream that resumes after `Last-Event-ID`. Delivery is at least once, and in order for each subject of a source. A temporary refusal of a stream is a 200 stream with `retry:` and one event of type `problem`. `startsAfter`, in a page and in the 410 for an old cursor, is the start of the feed; a stream has it in the header `Events-Start-After`.',
    query: eventsQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: without events, waits up to N seconds for one.' },
      'Last-Event-ID': { description: 'For a stream: reads the events after this id.', schema: z.string() },
    },
    answers: { 200: { description: 'A page of events.', schema: eventPageSchema } },
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
    summary: 'A customer with its orders and their events, from the projection',
    description: 'Eventually consistent: `asOf` shows how current it is.',
    query: historyQuery,
    headers: {
      Prefer: { ...PREFER, description: '`wait=N`: waits up to N seconds for what `includes` names.' },
    },
    answers: { 200: { description: 'The history.', schema: historySchema } },
    problems: [
      ...READ,
      'not-found',
      'too-many-readers',
      'order-history-incomplete',
      'order-history-unavailable',
    ],
  },
];
