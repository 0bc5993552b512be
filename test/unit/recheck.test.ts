/** A running saga that has nothing left to do should have ended, which the audit reports. */
import { expect, test } from '@jest/globals';
import { isSettled } from '../../ops/audit/recheck';
import { cancelSagaWorkflowId } from '../../domain/names';
import {
  type CreditFate,
  order,
  ORDER_ID,
  type OrderFate,
  orderFacts,
  SAGA_ID,
} from '../support/order-facts';

const CANCEL_SAGA = cancelSagaWorkflowId(ORDER_ID);
const OWN = 'CREDIT_CHECK_TIMEOUT';
const REQUESTED = 'CUSTOMER_REQUEST';

test.each<[OrderFate, string | null, CreditFate | undefined, boolean, boolean]>([
  // The order, its reason, its credit; whether its own saga, and whether cancelOrderSaga has nothing left to do.
  ['PENDING', null, undefined, false, false],
  ['APPROVED', null, 'RESERVED', true, false],
  ['CANCELLING', null, 'RESERVED', false, false],
  ['CANCELLED', OWN, undefined, false, false],
  ['CANCELLED', OWN, 'RESERVED', false, false],
  ['CANCELLED', OWN, 'REJECTED', true, true],
  ['CANCELLED', OWN, 'BURIED', true, true],
  // Either saga may have released, while the other waits for its next attempt.
  ['CANCELLED', REQUESTED, 'RELEASED', false, false],
  ['CANCELLED', REQUESTED, 'BURIED', false, false],
])('order %s (%s), credit %s', (fate, reason, credit, own, cancelling) => {
  const facts = orderFacts(fate, credit, { order: { ...order(fate), reason } });
  expect([isSettled(SAGA_ID, facts), isSettled(CANCEL_SAGA, facts)]).toEqual([own, cancelling]);
});
