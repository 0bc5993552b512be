/** A customer with nothing reserved, and what its events say of it. */
import type { CustomerFacts, RecordedEvent } from '../../ops/audit/rows';
import { CUSTOMER_ID } from './order-facts';

export const customerCreated: RecordedEvent = {
  ...{ id: '1', subject: CUSTOMER_ID, sequence: 1, type: 'CustomerCreated' },
  data: { customerId: CUSTOMER_ID, name: 'Ada', creditLimitMinor: 1_000, currency: 'USD' },
};

export const customerFacts: CustomerFacts = {
  id: CUSTOMER_ID,
  customer: { name: 'Ada', limitMinor: 1_000n, currency: 'USD', reservedMinor: 0n },
  customerEvents: { events: [customerCreated], pruned: 'none' },
  heldMinor: 0n,
  view: undefined,
  viewBehind: false,
};
