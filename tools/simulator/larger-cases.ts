/** Cases drawn by chance, up to four orders in up to four sagas, and the decisions in them. */
import fc from 'fast-check';
import type { OrderRequest } from '../../domain/contracts';
import type { Placement } from '../../saga/contract';
import {
  type CreateInput,
  idOf,
  LIMIT_MINOR,
  type Scenario,
  simulatedCustomer,
  simulatedId,
  simulatedOrder,
  simulatedSaga,
  simulatedUuid,
} from './scenario';

const MOST_ORDERS = 4;
const MOST_FAULTS = 5;

/** 160: the longest interleavings take about as many decisions; beyond them the first usual thing happens. */
const MOST_DECISIONS = 160;

/** What each order is for: within the limit alone, of an unknown customer, in another currency, over the limit. */
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

/** Callers: two of one order, with different keys, and one of another. */
const WISHES = [
  { order: 1, key: 'one key' },
  { order: 2, key: 'one key' },
  { order: 1, key: 'another key' },
];

/** The product's 200 events; or so few that a saga continues as new whenever it may, or now and then. */
const continuesAfter = fc.constantFrom(200, 0, 0, 15, 30, 45);

/**
 * Which sagas of one order take the fast path: those of two services seldom, because they have many more moments, among
 * which the search would look for every other mistake, too.
 */
const fastPaths = fc.constantFrom<readonly Placement[]>(
  [],
  ['colocated'],
  [],
  ['colocated'],
  [],
  ['colocated', 'distributed'],
);

export const largerCases: fc.Arbitrary<Scenario> = fc
  .record({
    kinds: fc.array(orderKind, { minLength: 1, maxLength: MOST_ORDERS }),
    placement,
    sharing,
    wishes: fc.subarray(WISHES, { maxLength: 2 }),
    faults: fc.integer({ min: 0, max: MOST_FAULTS }),
    operator: fc.boolean(),
    relayTurns: fc.integer({ min: 0, max: 3 }),
    continuesAfter,
    fastPaths,
    localAttempts: fc.constantFrom(3, 1),
  })
  .map(({ kinds, placement: where, sharing: how, wishes, fastPaths: fast, ...more }) => {
    const orders = kinds.map(({ customer, ...kind }, index) =>
      simulatedOrder(index + 1, { customerId: simulatedId(1, customer), ...kind }),
    );
    return {
      customers: [simulatedCustomer(1), simulatedCustomer(2)],
      sagas: sagasOf(orders, where, how),
      wishes: wishes
        .filter(({ order }) => order <= orders.length)
        .map(({ order, key }) => ({ orderId: simulatedId(2, order), key: simulatedUuid(key) })),
      fastPath: fast.includes(where),
      ...more,
    };
  });

function sagasOf(orders: readonly OrderRequest[], where: Placement, how: string): CreateInput[] {
  const apart = orders.map((order) => simulatedSaga([order], where));
  const together = simulatedSaga(orders, where);
  if (how === 'apart') return apart;
  if (how === 'together') return [together];
  const [first] = apart;
  return first && idOf(first) !== idOf(together) ? [first, together] : [together];
}

export const decisions: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: MOST_DECISIONS, size: 'max' });
