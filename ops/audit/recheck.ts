/** Looks again at what looked wrong: what is wrong still, and whether somebody is at it. */
import type { Client } from '@temporalio/client';
import { cancelSagaWorkflowId, isCancelSaga } from '../../domain/names';
import type { AuditedDatabases } from './audited-databases';
import { customerFacts, orderFacts } from './facts';
import { type Finding, isTerminal, wrongCustomer, wrongOrder } from './invariants';
import type { Coverage, OrderFacts, OrderRow } from './rows';
import { whichRun } from './running-sagas';

export interface AuditedSystem {
  readonly databases: AuditedDatabases;
  /** Undefined leaves Temporal out, and with it invariant 6: what a saga may still do is taken for wrong. */
  readonly client: Client | undefined;
}

export interface Suspects {
  readonly customers: Set<string>;
  /** By id; with the owning saga, where the order has a row. */
  readonly orders: Map<string, string | undefined>;
  /** Sagas that had nothing left to do, with one of their orders. */
  readonly sagas: Map<string, string>;
}

export interface Rechecked {
  readonly finding: Finding;
  /** Somebody is at it. */
  readonly inFlight: boolean;
}

export async function recheck(
  { databases, client }: AuditedSystem,
  coverage: Coverage,
  suspects: Suspects,
): Promise<Rechecked[]> {
  // Before the rows are read: a saga that runs no more has written all that it is going to write.
  const running = client
    ? await whichRun(client, [...driversOf(suspects.orders), ...suspects.sagas.keys()])
    : new Set<string>();
  const customers = await customerFacts(databases, [...suspects.customers]);
  const orders = await orderFacts(databases, [...suspects.orders.keys()]);
  return [
    ...customers
      .flatMap((facts) => wrongCustomer(facts, coverage))
      .map((finding) => ({ finding, inFlight: finding.settledBy === 'view' })),
    ...orders.flatMap((facts) => {
      const runs = isDriven(facts, running);
      return [
        ...wrongOrder(facts, coverage).map((finding) => ({
          finding,
          inFlight: finding.settledBy === 'saga' ? runs : finding.settledBy === 'view',
        })),
        ...open(facts, running, client !== undefined),
      ];
    }),
    ...[...suspects.sagas]
      .filter(([sagaId]) => running.has(sagaId))
      .map(([sagaId, subject]) => ({
        finding: {
          invariant: 'saga',
          subject,
          words: `saga ${sagaId} runs, and has nothing left to do`,
        } as const,
        inFlight: false,
      })),
  ];
}

function driversOf(orders: ReadonlyMap<string, string | undefined>): string[] {
  return [...orders].flatMap(([id, sagaId]) =>
    sagaId === undefined ? [] : [sagaId, cancelSagaWorkflowId(id)],
  );
}

/** By the saga that owns the order, or by the one that cancels it: each brings it to its end, whatever became of the other. */
function isDriven({ id, order }: OrderFacts, running: ReadonlySet<string>): boolean {
  return order !== undefined && (running.has(order.sagaId) || running.has(cancelSagaWorkflowId(id)));
}

/** What an order that is not at its end adds to invariants 2 and 6. */
function open(facts: OrderFacts, running: ReadonlySet<string>, withSagas: boolean): Rechecked[] {
  const { id, order } = facts;
  if (!order || isTerminal(order)) return [];
  const driver = driverOf(order);
  const inFlight = isDriven(facts, running);
  const terminal = { invariant: 'terminal', subject: id, words: `it is still ${order.state}` } as const;
  const saga = {
    invariant: 'saga',
    subject: id,
    words: `${order.state}, and its saga ${driver} does not run`,
  } as const;
  return [{ finding: terminal, inFlight }, ...(withSagas ? [{ finding: saga, inFlight }] : [])];
}

/** The saga that has to bring an open order to its end, when nobody else does. */
function driverOf({ id, sagaId, state }: OrderRow): string {
  return state === 'CANCELLING' ? cancelSagaWorkflowId(id) : sagaId;
}

/**
 * Whether this saga has nothing left to do for the order, nor for its credit. An order that is cancelled on request has two
 * sagas: what one of them has done, the other learns at its next attempt, which may be minutes away.
 */
export function isSettled(sagaId: string, { order, reservation }: OrderFacts): boolean {
  if (order?.state === 'APPROVED') return !isCancelSaga(sagaId);
  if (order?.state !== 'CANCELLED' || order.reason === 'CUSTOMER_REQUEST') return false;
  return reservation !== undefined && reservation.status !== 'RESERVED';
}
