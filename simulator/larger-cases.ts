/** Cases drawn by chance, up to four orders in up to four sagas, and the decisions in them. */
import fc from 'fast-check';
import type { CreateOrderSagaInput, OrderRequest, Placement } from '../domain/contracts';
import {
  idOf,
  LIMIT_MINOR,
  type Scenario,
  simulatedCustomer,
  simulatedId,
  simulatedOrder,
  simulatedSaga,
} from './scenario';

const MOST_ORDERS = 4;
const MOST_FAULTS = 5;

/** 160: the longest stories take about as many decisions; beyond them the first usual thing happens. */
const MOST_DECISIONS = 160;

/** What each order is for: within the limit alone, of nobody, in another currency, over the limit. */
const orderKind = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ totalMinor: fc.constantFrom(6_000, 3_000), customer: fc.constantFrom(1, 2) }),
  },
  { weight: 1, arbitrary: fc.constant({ totalMinor: LIMIT_MINOR + 1, customer: 1 }) },
  { weight: 1, arbitrary: fc.constant({ totalMinor: 6_000, customer: 9 }) },
  { weight: 1, arbitrary: fc.constant({ totalMinor: 6_000, customer: 1, currency: 'EUR' }) },
);

const placement = fc.constantFrom<Placement>('colocated', 'distributed');

/** How the orders are shared out: one group, each by itself, or both, so that two sagas have the same order. */
const sharing = fc.constantFrom('apart', 'together', 'both');

export const largerCases: fc.Arbitrary<Scenario> = fc
  .record({
    kinds: fc.array(orderKind, { minLength: 1, maxLength: MOST_ORDERS }),
    placement,
    sharing,
    wishes: fc.subarray([1, 2], { maxLength: 2 }),
    faults: fc.integer({ min: 0, max: MOST_FAULTS }),
    operator: fc.boolean(),
    relayTurns: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ kinds, placement: where, sharing: how, wishes, faults, operator, relayTurns }) => {
    const orders = kinds.map(({ customer, ...kind }, index) =>
      simulatedOrder(index + 1, { customerId: simulatedId(1, customer), ...kind }),
    );
    return {
      customers: [simulatedCustomer(1), simulatedCustomer(2)],
      sagas: sagasOf(orders, where, how),
      wishes: wishes.filter((number) => number <= orders.length).map((number) => simulatedId(2, number)),
      faults,
      operator,
      relayTurns,
    };
  });

function sagasOf(orders: readonly OrderRequest[], where: Placement, how: string): CreateOrderSagaInput[] {
  const apart = orders.map((order) => simulatedSaga([order], where));
  const together = simulatedSaga(orders, where);
  if (how === 'apart') return apart;
  if (how === 'together') return [together];
  const [first] = apart;
  return first && idOf(first) !== idOf(together) ? [first, together] : [together];
}

export const decisions: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: MOST_DECISIONS, size: 'max' });
