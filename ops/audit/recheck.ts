/** Rechecks suspected violations: which ones remain, and which of those are in flight. */
import type { Client } from '@temporalio/client';
import { cancelSagaWorkflowId, isCancelSaga } from '../../domain/names';
import type { AuditedDatabases } from './audited-databases';
import { customerFacts, orderFacts } from './facts';
import { type Finding, isTerminal, wrongCustomer, wrongOrder } from './invariants';
import type { Coverage, OrderFacts, OrderRow } from './rows';
import { type Progress, progressOf } from './saga-progress';

export interface AuditedSystem {
  readonly databases: AuditedDatabases;
  /** Undefined skips Temporal and invariant 6; whatever a saga may still settle then counts as a violation. */
  readonly client: Client | undefined;
}

export interface SuspectSaga {
  /** One of its orders. */
  readonly subject: string;
  /** Whether it has nothing left to do. */
  readonly idle: boolean;
}

export interface Suspects {
  readonly customers: Set<string>;
  /** By order id: the owning saga, if the order has a row. */
  readonly orders: Map<string, string | undefined>;
  /** All running sagas. */
  readonly sagas: Map<string, SuspectSaga>;
}

export interface Rechecked {
  readonly finding: Finding;
  /** A running saga or the order history will settle the finding. */
  readonly inFlight: boolean;
}

export async function recheck(
  { databases, client }: AuditedSystem,
  coverage: Coverage,
  suspects: Suspects,
  graceMs: number,
): Promise<Rechecked[]> {
  // Before the rows are read: a saga that no longer runs has made all its changes.
  const running: Progress = client
    ? await progressOf(client, [...driversOf(suspects.orders), ...suspects.sagas.keys()], graceMs)
    : new Map<string, string>();
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
        ...unfinished(facts, running, client !== undefined),
      ];
    }),
    ...[...suspects.sagas].flatMap(([sagaId, saga]) => wrongSaga(sagaId, saga, running)),
  ];
}

function wrongSaga(sagaId: string, { subject, idle }: SuspectSaga, running: Progress): Rechecked[] {
  const stuck = running.get(sagaId);
  const idles = idle && running.has(sagaId);
  if (!idles && stuck === undefined) return [];
  const words = `saga ${sagaId} ${idles ? 'runs, and has nothing left to do' : `makes no progress: ${String(stuck)}`}`;
  return [{ finding: { invariant: 'saga', subject, words }, inFlight: false }];
}

function driversOf(orders: ReadonlyMap<string, string | undefined>): string[] {
  return [...orders].flatMap(([id, sagaId]) =>
    sagaId === undefined ? [] : [sagaId, cancelSagaWorkflowId(id)],
  );
}

/** Whether the owning saga or the cancelling saga runs: each completes the order without the other. */
function isDriven({ id, order }: OrderFacts, running: Progress): boolean {
  return order !== undefined && (running.has(order.sagaId) || running.has(cancelSagaWorkflowId(id)));
}

/** Findings about invariants 2 and 6 for an order that is not terminal. */
function unfinished(facts: OrderFacts, running: Progress, withSagas: boolean): Rechecked[] {
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

/** Id of the saga that has to complete the order. */
function driverOf({ id, sagaId, state }: OrderRow): string {
  return state === 'CANCELLING' ? cancelSagaWorkflowId(id) : sagaId;
}

/**
 * Whether this saga has nothing left to do for the order and its credit. An order that is cancelled on request has two sagas:
 * one sees the work of the other at its next attempt, which may be minutes later.
 */
export function isSettled(sagaId: string, { order, reservation }: OrderFacts): boolean {
  if (order?.state === 'APPROVED') return !isCancelSaga(sagaId);
  if (order?.state !== 'CANCELLED' || order.reason === 'CUSTOMER_REQUEST') return false;
  return reservation !== undefined && reservation.status !== 'RESERVED';
}
