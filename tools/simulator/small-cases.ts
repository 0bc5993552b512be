/** Cases that are small enough to be explored completely. */
import {
  AS_IN_THE_PRODUCT,
  type Scenario,
  simulatedCustomer,
  simulatedId,
  simulatedOrder,
  simulatedSaga,
} from './scenario';

const QUIET = {
  customers: [simulatedCustomer(1)],
  wishes: [],
  faults: 0,
  operator: false,
  relayTurns: 0,
  fastPath: false,
  ...AS_IN_THE_PRODUCT,
};
const orderA = simulatedOrder(1);
const orderB = simulatedOrder(2);

export interface SmallCase {
  readonly words: string;
  readonly scenario: Scenario;
}

/** @param faults how many more than each case has by itself */
export function smallCases(faults: number): SmallCase[] {
  const cases: SmallCase[] = [
    { words: 'one order', scenario: { ...QUIET, sagas: [simulatedSaga([orderA])], faults: 1 } },
    {
      words: 'one order, two services',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA], 'distributed')], faults: 1 },
    },
    {
      words: 'one order on the fast path',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA])], fastPath: true },
    },
    {
      words: 'one order on the fast path, two services',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA], 'distributed')], fastPath: true },
    },
    {
      words: 'an order over the limit on the fast path, two services',
      scenario: {
        ...QUIET,
        sagas: [simulatedSaga([simulatedOrder(1, { totalMinor: 10_001 })], 'distributed')],
        fastPath: true,
      },
    },
    {
      words: 'an order over the limit on the fast path',
      scenario: {
        ...QUIET,
        sagas: [simulatedSaga([simulatedOrder(1, { totalMinor: 10_001 })])],
        fastPath: true,
      },
    },
    {
      words: 'an order over the limit',
      scenario: { ...QUIET, sagas: [simulatedSaga([simulatedOrder(1, { totalMinor: 10_001 })])], faults: 1 },
    },
    {
      words: 'an order of nobody',
      scenario: {
        ...QUIET,
        sagas: [simulatedSaga([simulatedOrder(1, { customerId: simulatedId(1, 9) })])],
        faults: 1,
      },
    },
    {
      words: 'an order that is cancelled at any moment',
      scenario: {
        ...QUIET,
        sagas: [simulatedSaga([orderA])],
        wishes: [{ orderId: orderA.orderId, key: undefined }],
      },
    },
    {
      words: 'an order that an operator stops',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA])], faults: 1, operator: true },
    },
    {
      words: 'a group of two, credit for one',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA, orderB])] },
    },
    {
      words: 'two sagas, credit for one',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA]), simulatedSaga([orderB])] },
    },
    {
      words: 'two sagas with one order',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA]), simulatedSaga([orderA, orderB])] },
    },
    {
      words: 'one order and its events',
      scenario: { ...QUIET, sagas: [simulatedSaga([orderA])], relayTurns: 2 },
    },
  ];
  return cases.map(({ words, scenario }) => ({
    words,
    scenario: { ...scenario, faults: scenario.faults + faults },
  }));
}
