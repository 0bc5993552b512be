/** The query of the operators' list of sagas, and how rows map to outcomes. */
import { expect, test } from '@jest/globals';
import { Problem } from '../../api/http/problems';
import { valid } from '../../api/http/validation';
import { outcomeOf, OUTCOMES, sagaJson, sagasQuery } from '../../api/operators/saga-list-json';
import { matches, placesOf } from '../../api/operators/saga-rows';
import { CANCELLATION_REASONS, ORDER_STATES } from '../../domain/order';

const ID = '0190b2c5-0000-7000-8000-000000000001';
const CREATED = '2026-11-23T18:11:53.956Z';
const NOW = Date.parse(CREATED) + 90_999;

const order = {
  orderId: ID,
  customerId: ID,
  totalMinor: 4_250,
  currency: 'USD',
  state: 'PENDING' as const,
  createdAt: CREATED,
  updatedAt: CREATED,
  version: 1,
  sagaId: `order-${ID}`,
};
const link = (sagaId: string) => `ui/${sagaId}`;

test.each([
  ['0', 0],
  ['90', 90_000],
  ['PT5M', 300_000],
  ['PT0S', 0],
  ['P1D', 86_400_000],
  ['P2W', 1_209_600_000],
  ['P1DT2H3M4S', 93_784_000],
  ['PT36H', 129_600_000],
])('olderThan %s', (olderThan, ms) => {
  expect(valid(sagasQuery, { olderThan }).olderThan).toBe(ms);
});

test.each([
  ...['', '-1', '1.5', '5m', 'P', 'PT', 'P1DT', 'P1M', 'P1Y', 'PT1.5S', 'pt5m', 'P5M', ' 5', '1e3', '٣'],
  ...['9999999999', '999999999W', 'P999999999W', '3153600001'],
])('olderThan %j is refused', (olderThan) => {
  expect(problemOf({ olderThan })).toEqual(['/olderThan']);
});

test('the longest age is a time that the database has', () => {
  expect(
    new Date(Date.now() - (valid(sagasQuery, { olderThan: 'P36500D' }).olderThan ?? 0)).getTime(),
  ).not.toBeNaN();
});

/** The pointers of the problem. */
function problemOf(query: Record<string, unknown>): string[] | undefined {
  try {
    valid(sagasQuery, query);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.errors?.map(({ pointer }) => pointer);
    throw error;
  }
}

test.each([
  [{ orderId: 'x' }, '/orderId'],
  [{ customerId: '1' }, '/customerId'],
  [{ state: 'approved' }, '/state'],
  [{ outcome: 'OPEN' }, '/outcome'],
  [{ attention: 'yes' }, '/attention'],
  [{ attention: '' }, '/attention'],
  [{ step: '' }, '/step'],
  [{ step: 'approve', attention: 'false' }, '/step'],
  [{ limit: '0' }, '/limit'],
  [{ limit: '101' }, '/limit'],
  [{ cursor: ['a', 'b'] }, '/cursor'],
  [{ other: '1' }, '/other'],
])('%j is refused', (query, pointer) => {
  expect(problemOf(query)).toEqual([pointer]);
});

test('all parameters at once, and none', () => {
  const query = {
    orderId: ID.toUpperCase(),
    customerId: ID,
    state: 'PENDING',
    outcome: 'open',
    olderThan: '5',
  };
  const parsed = valid(sagasQuery, { ...query, step: 'approve', attention: 'true', limit: '7' });
  expect(parsed).toEqual({
    ...query,
    orderId: ID,
    olderThan: 5_000,
    step: 'approve',
    attention: true,
    limit: 7,
  });
  expect(valid(sagasQuery, {})).toEqual({ limit: 20 });
});

test('every state has its outcome, and a cancelled order that of its reason', () => {
  const withoutReason = ORDER_STATES.filter((state) => state !== 'CANCELLED');
  expect(withoutReason.map((state) => outcomeOf(state, undefined))).toEqual(['open', 'approved', 'open']);
  for (const reason of CANCELLATION_REASONS) expect(outcomeOf('CANCELLED', reason)).toBe(reason);
  expect(() => outcomeOf('CANCELLED', undefined)).toThrow(TypeError);
});

test('a filter reads the places of an index, and a row by its id matches alike', () => {
  expect(placesOf({})).toEqual([{}]);
  expect(placesOf({ state: 'CANCELLED' })).toEqual([{ state: 'CANCELLED' }]);
  expect(placesOf({ outcome: 'open' })).toEqual([{ state: 'PENDING' }, { state: 'CANCELLING' }]);
  expect(placesOf({ outcome: 'CUSTOMER_REQUEST' })).toEqual([{ cancellationReason: 'CUSTOMER_REQUEST' }]);
  // Every combination: the places have a row of the state and outcome if and only if it matches.
  for (const state of ORDER_STATES)
    for (const outcome of OUTCOMES)
      for (const rowState of ORDER_STATES)
        for (const reason of rowState === 'CANCELLED' ? CANCELLATION_REASONS : [undefined]) {
          const isThere = placesOf({ state, outcome }).some(
            (place) =>
              (place.state ?? rowState) === rowState && (place.cancellationReason ?? reason) === reason,
          );
          const row = { ...order, state: rowState, ...(reason && { reason }) };
          expect([state, outcome, matches(row, { state, outcome }, NOW)]).toEqual([
            state,
            outcome,
            isThere && rowState === state,
          ]);
        }
});

test('a row that was read by its id matches its customer and its age', () => {
  expect(matches(order, { customerId: ID, olderThan: 90_999 }, NOW)).toBe(true);
  expect(matches(order, { olderThan: 91_000 }, NOW)).toBe(false);
  expect(matches(order, { customerId: ID.replace('1', '2') }, NOW)).toBe(false);
});

test('an item has what is known: with a row and without', () => {
  expect(sagaJson({ orderId: ID, order, attention: [] }, link, NOW)).toEqual({
    orderId: ID,
    sagaId: `order-${ID}`,
    customerId: ID,
    orderTotal: { amount: '42.50', currency: 'USD' },
    state: 'PENDING',
    outcome: 'open',
    createdAt: CREATED,
    updatedAt: CREATED,
    ageSeconds: 90,
    attention: [],
    links: { order: `/orders/${ID}`, timeline: `/ops/orders/${ID}/timeline`, temporal: `ui/order-${ID}` },
  });
  const attention = [{ step: 'create', reason: 'r', since: CREATED, sagaId: 'orders-1' }];
  const withoutRow = sagaJson({ orderId: ID, attention }, link, NOW);
  expect(withoutRow).toMatchObject({ orderId: ID, sagaId: 'orders-1', attention });
  expect(withoutRow).not.toHaveProperty('state');
});

test('the clock of the database may be ahead', () => {
  expect(sagaJson({ orderId: ID, order }, link, Date.parse(CREATED) - 5_000).ageSeconds).toBe(0);
});
