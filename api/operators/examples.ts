/** Examples of the operators' answers for the OpenAPI document, by `operationId` and status. */
const ORDER_ID = '01a2099b-7834-710d-82ac-86033c7036d1';
const CANCEL_SAGA = `cancel-order-${ORDER_ID}`;

const saga = {
  orderId: ORDER_ID,
  sagaId: `order-${ORDER_ID}`,
  customerId: '01a2099b-7767-721e-9497-dff783d17f96',
  orderTotal: { amount: '42.50', currency: 'USD' },
  state: 'CANCELLING',
  outcome: 'open',
  createdAt: '2026-11-23T18:11:53.956Z',
  updatedAt: '2026-11-23T18:20:01.512Z',
  ageSeconds: 640,
  attention: [
    {
      step: 'release credit',
      reason: 'releaseCredit: its database answered 42501',
      since: '2026-11-23T18:20:01.530Z',
      sagaId: CANCEL_SAGA,
    },
  ],
  links: {
    order: `/orders/${ORDER_ID}`,
    timeline: `/ops/orders/${ORDER_ID}/timeline`,
    temporal: `http://localhost:8233/namespaces/default/workflows/order-${ORDER_ID}`,
  },
};

const outcomes = {
  ...{ approved: 1_180, INSUFFICIENT_CREDIT: 21, UNKNOWN_CUSTOMER: 0, CURRENCY_MISMATCH: 1 },
  ...{ CREDIT_CHECK_TIMEOUT: 0, CREDIT_CHECK_FAILED: 0, CUSTOMER_REQUEST: 4 },
};

const overview = {
  at: '2026-11-23T18:30:00.000Z',
  orders: {
    openByState: { PENDING: 2, CANCELLING: 1 },
    decidedPerMinute: 19,
    outcomes: { lastHour: outcomes, lastDay: { ...outcomes, approved: 25_011 } },
  },
  decision: { orders: 1_000, p50Ms: 14, p99Ms: 61 },
  groups: { underWay: 1, limit: 4, waiting: 0 },
  sagas: { parked: 1, running: 3 },
  outbox: { relayLagMs: 4, unpublished: { order: 1, customer: 0 } },
  projection: { lagMs: 18 },
  limits: [{ name: 'order_saga_database_connections{database="order"}', used: 2, limit: 10 }],
  unavailable: [],
};

export const OPERATOR_EXAMPLES = {
  getOverview: { answers: { 200: overview } },
  listSagas: { answers: { 200: { items: [saga], nextCursor: null, truncated: false, unavailable: [] } } },
};
