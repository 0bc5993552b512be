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

export const OPERATOR_EXAMPLES = {
  listSagas: { answers: { 200: { items: [saga], nextCursor: null, truncated: false, unavailable: [] } } },
};
