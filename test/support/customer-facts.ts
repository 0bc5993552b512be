/** A customer with nothing reserved, and what its events say of it. */
import type { CustomerFacts, RecordedEvent } from '../../ops/audit/rows';
import { CUSTOMER_ID } from './order-facts';

export const customerCreated: RecordedEvent = {
  ...{ id: '1', subject: CUSTOMER_ID, sequence: 1, type: 'CustomerCreated' },
  data: { customerId: CUSTOMER_ID, creditLimitMinor: 1_000, currency: 'USD' },
};

export const personalDataErased: RecordedEvent = {
  ...customerCreated,
  ...{ id: '2', sequence: 2, type: 'CustomerPersonalDataErased' },
};

export const customerFacts: CustomerFacts = {
  id: CUSTOMER_ID,
  customer: { limitMinor: 1_000n, currency: 'USD', reservedMinor: 0n, version: 1 },
  customerEvents: { events: [customerCreated], pruned: 'none' },
  heldMinor: 0n,
  view: undefined,
  viewBehind: false,
};
