import { beforeAll, describe, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { ParkedStep } from '../../saga/contract';
import { LONGEST_PAUSE_BEFORE_DEADLINE_MS, LONGEST_PAUSE_MS } from '../../saga/workflow/limits';
import { callerCancels } from '../../tools/simulator/callers';
import { CREDIT_STEPS, ORDER_STEPS } from '../../tools/simulator/model-steps';
import { PLANTED_BUGS } from '../../tools/simulator/planted-bugs';
import type { Planned as Plan } from '../../tools/simulator/planned';
import { type Protocol, productProtocol } from '../../tools/simulator/protocols';
import type { SagaRun } from '../../tools/simulator/saga-run';
import { TimedRun } from '../../tools/simulator/timed-run';
import { shownIn } from '../../tools/simulator/shown-steps';
import {
  APART,
  cancelledApart,
  createdApart,
  CREDIT_CHECK_TIMEOUT,
  customerDatabaseAway,
  DAY,
  MINUTE,
  orderDatabaseAway,
  ordersOf,
  PLACEMENTS,
  type Planned,
  RECOVERED,
  scenarioOf,
  SECOND,
  TOTAL_MINOR,
  WEEK,
  WEEKS,
} from './weeks';

/** What the engine promises of one run, and of one saga in a day. */
const MOST_EVENTS = 500;
const MOST_IN_A_DAY = 2_000;

/** A run that would never continue as new would have thousands of events. */
const MIN_RUNS = 7;

let product: Protocol;

beforeAll(() => {
  product = productProtocol();
});

async function begun({ scenario, outages }: Omit<Planned, 'concerned'>, plans: readonly Plan[] = []) {
  const run = new TimedRun(product, scenario, outages, plans);
  await run.begin();
  return run;
}

function sagaOf({ world }: TimedRun, sagaId?: string): SagaRun {
  const saga = sagaId === undefined ? [...world.sagas.values()][0] : world.sagas.get(sagaId);
  if (!saga) throw new Error('there is no such saga');
  return saga;
}

/** Each order as `STATE` or `STATE: REASON`. */
function states({ world }: TimedRun): Map<string, string> {
  return new Map(
    world.orders.orders
      .committed()
      .map(({ orderId, state, reason }) => [orderId, reason === null ? state : `${state}: ${reason}`]),
  );
}

function reservedMinor({ world }: TimedRun): number {
  return world.customers.customers.committed().reduce((sum, customer) => sum + customer.reservedMinor, 0);
}

/** Parked after its limit and not before, and the same from day to day, though one run follows the other. */
async function expectAttention(run: TimedRun, since: number, step: string): Promise<void> {
  const shown = (): readonly ParkedStep[] => shownIn(sagaOf(run).memo).filter((each) => each.step === step);
  await run.until(since + 50 * SECOND);
  expect(shown()).toEqual([]);
  await run.until(since + 70 * SECOND);
  const [first, ...more] = shown();
  expect(more).toEqual([]);
  for (let day = 1; day < 7; day += 1) {
    await run.until(day * DAY);
    expect(shown()).toMatchObject([{ step, since: first?.since, reason: expect.any(String) }]);
  }
}

/** @returns figures of the week */
async function expectEnd(
  run: TimedRun,
  by = RECOVERED,
): Promise<{ longest: number; mostInADay: number; runs: number }> {
  await run.until(by);
  const sagas = [...run.world.sagas.values()];
  expect(sagas.filter(({ outcome }) => !outcome)).toEqual([]);
  await run.toTheEnd();
  expect([...run.wrong]).toEqual([]);
  const longest = Math.max(...sagas.map((saga) => saga.longest));
  expect(longest).toBeLessThanOrEqual(MOST_EVENTS);
  const runs = sagaOf(run).nextRun - 1;
  expect(runs).toBeGreaterThanOrEqual(MIN_RUNS);
  return { longest, mostInADay: run.events.mostInADay, runs };
}

function expectShortDay(words: string, { events: { mostInADay } }: TimedRun): void {
  console.log(words, { mostInADay });
  expect(mostInADay).toBeLessThanOrEqual(MOST_IN_A_DAY);
}

function expectShortDays(words: string, figures: Awaited<ReturnType<typeof expectEnd>>): void {
  console.log(words, figures);
  expect(figures.mostInADay).toBeLessThanOrEqual(MOST_IN_A_DAY);
}

test.each(WEEKS)(
  '$placement: the customer database $how for a week, releases are due: $who',
  async (week) => {
    const planned = customerDatabaseAway(week);
    const ids = new Set(planned.concerned.map(({ orderId }) => orderId));
    const run = await begun(planned);
    await expectAttention(run, CREDIT_CHECK_TIMEOUT, 'release credit');
    const stateOf = (id: string) => (ids.has(id) ? 'CANCELLED: CREDIT_CHECK_TIMEOUT' : 'APPROVED');
    for (const [id, state] of states(run)) expect([id, state]).toEqual([id, stateOf(id)]);
    expectShortDays('releases', await expectEnd(run));
    const [{ subjects } = { subjects: [] }] = planned.scenario.sagas;
    expect([...states(run)].sort()).toEqual(subjects.map(({ orderId }) => [orderId, stateOf(orderId)]));
    expect(reservedMinor(run)).toBe((subjects.length - ids.size) * TOTAL_MINOR);
  },
);

test.each(WEEKS)('$placement: the order database $how for a week, approvals are due: $who', async (week) => {
  const planned = orderDatabaseAway(week);
  const ids = new Set(planned.concerned.map(({ orderId }) => orderId));
  const run = await begun(planned);
  await expectAttention(run, 2 * SECOND, 'approve');
  for (const [id, state] of states(run))
    expect([id, state]).toEqual([id, ids.has(id) ? 'PENDING' : 'APPROVED']);
  expectShortDays('approvals', await expectEnd(run));
  expect(new Set(states(run).values())).toEqual(new Set(['APPROVED']));
  expect(reservedMinor(run)).toBe(states(run).size * TOTAL_MINOR);
});

test.each(PLACEMENTS)(
  '%s: fifty orders of a group are cancelled one by one, and no credit can be released for a week',
  async (placement) => {
    const week = { placement, how: 'fails', who: 'fifty orders one by one' } as const;
    const { concerned: orders, plans, ...planned } = cancelledApart(week, APART);
    const run = await begun(planned, plans);
    await expectAttention(run, 10 * MINUTE, 'release credit');
    expectShortDays('cancelled', await expectEnd(run));
    expect([...states(run).values()]).toEqual(orders.map(() => 'CANCELLED: CUSTOMER_REQUEST'));
    expect(reservedMinor(run)).toBe(0);
  },
);

test.each([
  { database: 'customer', steps: CREDIT_STEPS, meanwhile: 'CANCELLING' },
  { database: 'order', steps: ORDER_STEPS, meanwhile: 'APPROVED' },
])('an approved order is cancelled while the $database database is away', async ({ steps, meanwhile }) => {
  const [order] = ordersOf('one order');
  if (!order) throw new Error('there is no order');
  const { orderId } = order;
  const plans = [{ at: 2 * SECOND, action: callerCancels({ orderId, key: undefined }) }];
  const outages = [{ steps, how: 'fails', from: SECOND, until: WEEK } as const];
  const run = await begun({ scenario: scenarioOf([order], 'colocated'), outages }, plans);
  await run.until(6 * DAY);
  expect(states(run).get(orderId)).toBe(meanwhile);
  const saga = sagaOf(run, cancelSagaWorkflowId(orderId));
  expect(shownIn(saga.memo)).toHaveLength(1);
  expect(saga.nextRun).toBeGreaterThan(MIN_RUNS);
  await run.until(RECOVERED);
  await run.toTheEnd();
  expect([...run.wrong]).toEqual([]);
  expect(states(run).get(orderId)).toBe('CANCELLED: CUSTOMER_REQUEST');
  expect(reservedMinor(run)).toBe(0);
});

test.each(PLACEMENTS)(
  '%s: credit is reserved within a second after the service is back',
  async (placement) => {
    const [order] = ordersOf('one order');
    if (!order) throw new Error('there is no order');
    const back = 20 * SECOND;
    const away = { steps: CREDIT_STEPS, how: 'fails', from: 0, until: back } as const;
    const run = await begun({ scenario: scenarioOf([order], placement, MINUTE), outages: [away] });
    await run.until(back);
    expect(states(run).get(order.orderId)).toBe('PENDING');
    await run.until(back + LONGEST_PAUSE_BEFORE_DEADLINE_MS + SECOND / 10);
    expect(states(run).get(order.orderId)).toBe('APPROVED');
  },
);

test.each(PLACEMENTS)('%s: a deadline of a day is kept across several runs', async (placement) => {
  const orders = ordersOf('fifty orders one by one');
  const away = { steps: CREDIT_STEPS, how: 'fails', from: 0, until: WEEK } as const;
  const outages = [away, ...createdApart(orders, APART)];
  const run = await begun({ scenario: scenarioOf(orders, placement, DAY), outages });
  const [{ orderId } = { orderId: 'none' }] = orders;
  // Later than this, there may be no time for another attempt before the deadline.
  await run.until(DAY - LONGEST_PAUSE_MS - SECOND);
  expect(states(run).get(orderId)).toBe('PENDING');
  expect(sagaOf(run).nextRun).toBeGreaterThan(2);
  await run.until(DAY + SECOND);
  expect(states(run).get(orderId)).toBe('CANCELLED: CREDIT_CHECK_TIMEOUT');
  expectShortDays('a deadline of a day', await expectEnd(run, WEEK + DAY));
});

describe.each([1, 25])('orders that come to wait within a day, one every %s minutes', (minutes) => {
  const weeks = WEEKS.filter(({ who }) => who === 'fifty orders one by one');

  test.each(weeks)('$placement: the customer database $how, releases are due', async (week) => {
    const run = await begun(customerDatabaseAway(week, minutes * MINUTE));
    await run.until(DAY + DAY);
    expectShortDay('releases', run);
  });

  test.each(weeks)('$placement: the order database $how, approvals are due', async (week) => {
    const run = await begun(orderDatabaseAway(week, minutes * MINUTE, DAY));
    await run.until(DAY + DAY);
    expectShortDay('approvals', run);
  });

  // Fifty cancelling sagas that hang take minutes to simulate.
  test.each(weeks.filter(({ how }) => how !== 'hangs'))(
    '$placement: the customer database $how, cancelled by their clients',
    async (week) => {
      const { plans, ...planned } = cancelledApart(week, minutes * MINUTE);
      const run = await begun(planned, plans);
      await run.until(DAY);
      expectShortDay('cancelled', run);
    },
  );
});

test('planted: a wait without a bound has thousands of events in a run', async () => {
  const bug = PLANTED_BUGS.find(({ words }) => words === 'a wait without a bound');
  const [week] = WEEKS;
  if (!bug || !week) throw new Error('there is no such bug');
  const { scenario, outages } = orderDatabaseAway(week);
  const run = new TimedRun(bug.protocol(), scenario, outages);
  await run.begin();
  await run.until(WEEK);
  expect(sagaOf(run).longest).toBeGreaterThan(MOST_EVENTS);
  expect([...run.wrong].join()).toContain('does not continue as new');
});
