/** Applies an operator's decision about the parked steps of a saga: checks it, sends a signal, and observes the effect. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { reasonOf } from '../../platform/temporal';
import type { OrderDatabase } from '../../prisma/order/client';
import { RETRY_STEP } from '../../saga/contract';
import { type Decision, parkedStepsOf, send, subjectsOf, wrongDecision } from '../../saga/host/parked';

/** 10 s: longer than another worker needs to take over from a dead one. A live worker takes milliseconds. */
const DONE_WITHIN_MS = 10_000;

const POLL_MS = 250;

/** `sent`: the effect was not visible in time, or the server has not confirmed the signal. */
export type Outcome = 'retry requested' | 'given up' | 'not parked any more' | 'sent' | 'refused';

export interface Decided {
  readonly sagaId: string;
  readonly outcome: Outcome;
  readonly orderIds: readonly string[];
  /** Why the decision was refused, or its effect is unknown. */
  readonly reason?: string;
}

/**
 * @param orders database that records decisions; undefined: observes only the saga
 * @throws Error when Temporal is unavailable and nothing was sent
 */
export async function decide(
  client: Client,
  sagaId: string,
  decision: Decision,
  orders: OrderDatabase | undefined,
): Promise<Decided> {
  const refused = (reason: string): Decided => ({ sagaId, outcome: 'refused', orderIds: [], reason });
  const wrong = wrongDecision(decision);
  if (wrong !== undefined) return refused(wrong);
  const steps = await parkedStepsOf(client, sagaId);
  if (!steps) return refused('it has ended');
  const orderIds = subjectsOf(steps, decision);
  const { subject } = decision.request;
  if (orderIds.length === 0)
    return refused(
      subject === undefined ? 'none of its steps is parked' : `no step of order ${subject} is parked`,
    );
  // An unavailable database does not prevent a decision: the effect is then observed only at the saga.
  const before = await givenUp(orders, sagaId).catch(() => undefined);
  try {
    await send(client, sagaId, decision);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return refused('it has ended');
    return { sagaId, outcome: 'sent', orderIds, reason: reasonOf(error) };
  }
  if (decision.signal === RETRY_STEP) return { sagaId, outcome: 'retry requested', orderIds };
  return untilGivenUp(client, { sagaId, orderIds, orders: before && orders, before });
}

interface GivingUpOrders {
  readonly sagaId: string;
  readonly orderIds: readonly string[];
  readonly orders: OrderDatabase | undefined;
  /** Decisions that were recorded before this one. */
  readonly before: Recorded | undefined;
}

async function untilGivenUp(
  client: Client,
  { sagaId, orderIds, orders, before }: GivingUpOrders,
): Promise<Decided> {
  const deadline = Date.now() + DONE_WITHIN_MS;
  let reason = 'the saga has not confirmed the decision yet; run npm run parked again';
  // The saga drops the step before it records the decision, so a missing step is checked twice.
  let gone = 0;
  while (Date.now() < deadline) {
    try {
      const parked = new Set((await parkedStepsOf(client, sagaId))?.flatMap(({ subjects }) => subjects));
      const recorded = new Set(
        [...(await givenUp(orders, sagaId))].flatMap(([id, orderId]) => (before?.has(id) ? [] : [orderId])),
      );
      if (orderIds.every((id) => recorded.has(id))) return { sagaId, outcome: 'given up', orderIds };
      gone = orderIds.every((id) => recorded.has(id) || !parked.has(id)) ? gone + 1 : 0;
      if (gone > 1) return { sagaId, outcome: 'not parked any more', orderIds };
    } catch (error) {
      reason = reasonOf(error);
    }
    await sleep(POLL_MS);
  }
  return { sagaId, outcome: 'sent', orderIds, reason };
}

/** The order of each recorded decision, by the decision's id. */
type Recorded = ReadonlyMap<string, string>;

async function givenUp(orders: OrderDatabase | undefined, sagaId: string): Promise<Recorded> {
  if (!orders) return new Map();
  const rows = await orders.givenUpStep.findMany({ where: { sagaId }, select: { id: true, orderId: true } });
  return new Map(rows.map(({ id, orderId }) => [id, orderId]));
}
