/** Outages of a week, and the sagas that live through them. */
import type { OrderRequest } from '../../domain/contracts';
import type { Placement } from '../../saga/contract';
import { LONGEST_PAUSE_MS, PARK_AFTER_MS } from '../../saga/workflow/limits';
import { callerCancels } from '../../tools/simulator/callers';
import type { Planned as Plan } from '../../tools/simulator/planned';
import { CREDIT_STEPS, ORDER_STEPS } from '../../tools/simulator/model-steps';
import type { Outage } from '../../tools/simulator/outages';
import {
  AS_IN_THE_PRODUCT,
  type Scenario,
  simulatedCustomer,
  simulatedId,
  simulatedOrder,
  simulatedSaga,
} from '../../tools/simulator/scenario';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const DAY = 1_440 * MINUTE;
export const WEEK = 7 * DAY;

/** The product's own. */
export const CREDIT_CHECK_TIMEOUT = 30 * SECOND;

/** 200 minutes: fifty orders come to wait in the course of the week. */
export const APART = 200 * MINUTE;

/** After an outage every step is retried within the longest pause, and a saga has a few left. */
export const RECOVERED = WEEK + LONGEST_PAUSE_MS + MINUTE;

export type Who = 'one order' | 'fifty orders at once' | 'fifty orders one by one';

export interface Week {
  readonly placement: Placement;
  readonly how: Outage['how'];
  readonly who: Who;
}

export const PLACEMENTS = ['colocated', 'distributed'] as const;

export const WEEKS: readonly Week[] = PLACEMENTS.flatMap((placement) =>
  (['fails', 'hangs', 'locked'] as const).flatMap((how) =>
    (['one order', 'fifty orders at once', 'fifty orders one by one'] as const).map((who) => ({
      placement,
      how,
      who,
    })),
  ),
);

export interface Planned {
  readonly scenario: Scenario;
  readonly outages: readonly Outage[];
  /** Those that the outage concerns: with locked rows, only one customer's. */
  readonly concerned: readonly OrderRequest[];
}

/** 1.00: the customers may have all of them approved. */
export const TOTAL_MINOR = 100;

/** Of two customers in turn. */
export function ordersOf(who: Who): OrderRequest[] {
  return Array.from({ length: who === 'one order' ? 1 : 50 }, (_, index) =>
    simulatedOrder(index + 1, { totalMinor: TOTAL_MINOR, customerId: simulatedId(1, 1 + (index % 2)) }),
  );
}

export function scenarioOf(
  orders: readonly OrderRequest[],
  placement: Placement,
  creditCheckTimeoutMs = CREDIT_CHECK_TIMEOUT,
): Scenario {
  const saga = simulatedSaga(orders, placement);
  return {
    customers: [simulatedCustomer(1), simulatedCustomer(2)],
    sagas: [{ ...saga, settings: { creditCheckTimeoutMs }, parkAfterMs: PARK_AFTER_MS }],
    wishes: [],
    faults: 0,
    operator: false,
    relayTurns: 0,
    fastPath: false,
    ...AS_IN_THE_PRODUCT,
  };
}

/** The credit checks come to their deadlines, and then the releases wait. */
export function customerDatabaseAway({ placement, how, who }: Week, apart = APART): Planned {
  const orders = ordersOf(who);
  const concerned = concernedBy(how, orders);
  const away: Outage = { steps: CREDIT_STEPS, how, from: 0, until: WEEK, ...rowsOf(concerned) };
  const outages = who === 'fifty orders one by one' ? [away, ...createdApart(orders, apart)] : [away];
  return { scenario: scenarioOf(orders, placement), outages, concerned };
}

/** Credit is reserved when it begins, and then the approvals wait. */
export function orderDatabaseAway(
  { placement, how, who }: Week,
  apart = SECOND / 2,
  creditCheckTimeoutMs = CREDIT_CHECK_TIMEOUT,
): Planned {
  const orders = ordersOf(who);
  const concerned = concernedBy(how, orders);
  const between = who === 'fifty orders one by one' ? apart : 0;
  return {
    scenario: scenarioOf(orders, placement, creditCheckTimeoutMs),
    outages: [
      { steps: ORDER_STEPS, how, from: SECOND, until: WEEK, ...rowsOf(concerned) },
      ...orders.map(({ orderId }, index) =>
        lockedUntil(2 * SECOND + index * between, 'reserveCredit', orderId),
      ),
    ],
    concerned,
  };
}

/** Each order is cancelled by its client a minute after it is there, and the releases wait. */
export function cancelledApart({ placement, how, who }: Week, apart: number): Planned & { plans: Plan[] } {
  const concerned = ordersOf(who);
  // An order is there up to five minutes after its key is free, and its credit check takes longer.
  const plans = concerned.map(({ orderId }, index) => ({
    at: index * apart + 6 * MINUTE,
    action: callerCancels({ orderId, key: undefined }),
  }));
  const away: Outage = { steps: CREDIT_STEPS, how, from: 0, until: WEEK, ...rowsOf(concerned) };
  const outages = [away, ...createdApart(concerned, apart)];
  return { scenario: scenarioOf(concerned, placement, 10 * MINUTE), outages, concerned, plans };
}

/** Somebody holds each order's key: none is created before its time. */
export function createdApart(orders: readonly OrderRequest[], apart: number): Outage[] {
  return orders.map(({ orderId }, index) => lockedUntil(index * apart, 'createPendingOrders', orderId));
}

function lockedUntil(until: number, step: Outage['steps'][number], orderId: string): Outage {
  return { steps: [step], how: 'locked', from: 0, until, orderIds: [orderId] };
}

function concernedBy(how: Outage['how'], orders: readonly OrderRequest[]): readonly OrderRequest[] {
  return how === 'locked' ? orders.filter(({ customerId }) => customerId === simulatedId(1, 1)) : orders;
}

function rowsOf(concerned: readonly OrderRequest[]): Pick<Outage, 'orderIds'> {
  return { orderIds: concerned.map(({ orderId }) => orderId) };
}
