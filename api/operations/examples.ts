/** Examples of requests and answers for the OpenAPI document, by `operationId`. Tests try them. */
import { EVENT_TYPES } from '../../events/event-types';
import { FEED_CURSOR_EXAMPLE } from '../events/event-json';
import { timelineExample } from '../operators/timeline-example';
import { OPERATOR_EXAMPLES } from '../operators/examples';

export interface Examples {
  readonly request?: unknown;
  /** By status. */
  readonly answers?: Readonly<Record<number, unknown>>;
  /** Of the other representation. */
  readonly orElse?: string;
}

const CUSTOMER_ID = '01a2099b-7767-721e-9497-dff783d17f96';
const ORDER_ID = '01a2099b-7834-710d-82ac-86033c7036d1';
const CREATED_AT = '2026-11-23T18:11:53.956Z';
const DECIDED_AT = '2026-11-23T18:11:54.074Z';
const BASE = 'https://api.example';

const usd = (amount: string) => ({ amount, currency: 'USD' });

const account = {
  customerId: CUSTOMER_ID,
  creditLimit: usd('100.00'),
  reserved: usd('42.50'),
  available: usd('57.50'),
};
const customer = { ...account, name: 'Ada Lovelace' };
const newCustomer = { ...customer, reserved: usd('0.00'), available: usd('100.00') };

const pending = {
  orderId: ORDER_ID,
  customerId: CUSTOMER_ID,
  orderTotal: usd('42.50'),
  state: 'PENDING',
  createdAt: CREATED_AT,
  updatedAt: CREATED_AT,
  links: {
    self: `/orders/${ORDER_ID}`,
    temporal: `http://localhost:8233/namespaces/default/workflows/order-${ORDER_ID}`,
  },
};
const approved = { ...pending, state: 'APPROVED', updatedAt: DECIDED_AT };
const cancelling = { ...approved, state: 'CANCELLING' };
const cancelled = { ...approved, state: 'CANCELLED', cancellationReason: 'CUSTOMER_REQUEST' };
const orderPage = { items: [approved], nextCursor: null };

const event = {
  specversion: '1.0',
  id: '2-1795610863810066',
  source: `${BASE}/order-service`,
  type: 'OrderApproved',
  subject: ORDER_ID,
  time: DECIDED_AT,
  datacontenttype: 'application/json',
  dataschema: `${BASE}/event-schemas/OrderApproved/1`,
  partitionkey: ORDER_ID,
  sequence: '0000000000000000002',
  aggregateversion: 2,
  correlationid: `order-${ORDER_ID}`,
  causationid: `/customer-service/${ORDER_ID}/1`,
  traceparent: '00-4f0bdde30a2a1bdcc4fc6f6a1cd5b6dd-b1946ac92492d234-00',
  data: { ...EVENT_TYPES.OrderApproved.example, orderId: ORDER_ID, customerId: CUSTOMER_ID },
};
const startsAfter = { '/order-service': '0000000000000000000', '/customer-service': '0000000000000000000' };

const plain = {
  payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJvcmRlcklkIjoiMSJ9' }],
};
const encoded = { payloads: [{ metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' }, data: 'AAECAw==' }] };

const ready = { status: 'ok', checks: { temporal: 'ok', process: 'ok' } };

export const EXAMPLES: Readonly<Record<string, Examples>> = {
  createCustomer: {
    request: { name: 'Ada Lovelace', creditLimit: usd('100.00') },
    answers: { 201: newCustomer },
  },
  getCustomer: { answers: { 200: { ...customer, orders: orderPage } } },
  listOrdersOfCustomer: { answers: { 200: orderPage } },
  placeOrder: {
    request: { customerId: CUSTOMER_ID, orderTotal: usd('42.50') },
    answers: { 201: approved, 202: pending },
  },
  cancelOrder: { answers: { 200: cancelled, 202: cancelling } },
  getOrder: { answers: { 200: approved } },
  getOrderTimeline: { answers: { 200: timelineExample(pending) } },
  listOrders: { answers: { 200: orderPage } },
  readEvents: {
    answers: {
      200: {
        items: [event],
        nextCursor: FEED_CURSOR_EXAMPLE,
        completeTo: { '/order-service': DECIDED_AT, '/customer-service': DECIDED_AT },
        startsAfter,
      },
    },
    orElse: `retry: 1000\n\nid: ${FEED_CURSOR_EXAMPLE}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  },
  getOrderHistory: {
    answers: {
      200: {
        customer: account,
        orders: {
          items: [
            {
              ...{ orderId: ORDER_ID, orderTotal: usd('42.50'), state: 'APPROVED' },
              ...{ createdAt: CREATED_AT, updatedAt: DECIDED_AT },
              events: [
                { type: 'OrderCreated', source: event.source, aggregateversion: 1, time: CREATED_AT },
                { type: event.type, source: event.source, aggregateversion: 2, time: DECIDED_AT },
              ],
            },
          ],
          nextCursor: null,
        },
        asOf: {
          ...{ time: DECIDED_AT, lagMs: 12, cursor: FEED_CURSOR_EXAMPLE, generation: 1 },
          ...{ setAside: 0, setAsideFirst: [], recovering: false, complete: true, startsAfter: {} },
        },
      },
    },
  },
  ...OPERATOR_EXAMPLES,
  decodePayloads: { request: encoded, answers: { 200: plain } },
  encodePayloads: { request: plain, answers: { 200: encoded } },
  isAlive: { answers: { 200: { status: 'ok' } } },
  isReady: {
    answers: {
      200: ready,
      503: {
        status: 'unavailable',
        checks: { ...ready.checks, temporal: 'unavailable' },
        reasons: {},
      },
    },
  },
  readMetrics: {
    answers: {
      200: '# TYPE order_saga_orders_in_flight gauge\norder_saga_orders_in_flight 3\n',
    },
  },
  getEventSchema: {
    answers: {
      200: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: event.dataschema,
        type: 'object',
      },
    },
  },
};
