/**
 * What puts a violated invariant right without a person's judgement: running the right saga again. Its steps are
 * idempotent, so it finds what is there, and does what is missing. Pure.
 */
import { type Finding, isFor } from '../audit/invariants';
import type { AggregateEvents, OrderFacts, ReservationRow } from '../audit/rows';
import type { OrderRequest } from '../../domain/contracts';
import { isCancelSaga, sagaWorkflowId } from '../../domain/names';

export type Repair =
  /** `createOrderSaga` under its own id, with those of its orders that need it. */
  | { readonly kind: 'create'; readonly sagaId: string; readonly orders: readonly OrderRequest[] }
  /** `cancelOrderSaga` */
  | { readonly kind: 'cancel'; readonly order: OrderRequest }
  /** Of the order history. */
  | { readonly kind: 'view' };

export interface RepairPlan {
  readonly repairs: readonly Repair[];
  /** What only a person can judge. */
  readonly forAPerson: readonly Finding[];
}

/** @param facts of the orders that the findings are about */
export function planRepairs(
  findings: readonly Finding[],
  facts: ReadonlyMap<string, OrderFacts>,
): RepairPlan {
  const sagas = new Map<string, Map<string, OrderRequest>>();
  const cancellations = new Map<string, OrderRequest>();
  const forAPerson: Finding[] = [];
  for (const finding of findings) {
    if (finding.invariant === 'view') continue;
    const of = facts.get(finding.subject);
    const way = of && wayOf(finding, of);
    if (!way) forAPerson.push(finding);
    else if (way.kind === 'cancel') cancellations.set(finding.subject, way.order);
    else
      sagas.set(
        way.sagaId,
        (sagas.get(way.sagaId) ?? new Map<string, OrderRequest>()).set(finding.subject, way.order),
      );
  }
  return {
    repairs: [
      ...[...sagas].map(([sagaId, orders]) => ({
        kind: 'create' as const,
        sagaId,
        orders: [...orders.values()],
      })),
      ...[...cancellations.values()].map((order) => ({ kind: 'cancel' as const, order })),
      ...(findings.some(({ invariant }) => invariant === 'view') ? [{ kind: 'view' as const }] : []),
    ],
    forAPerson,
  };
}

type Way =
  | { readonly kind: 'create'; readonly sagaId: string; readonly order: OrderRequest }
  | { readonly kind: 'cancel'; readonly order: OrderRequest };

/** @returns undefined: no saga puts it right */
function wayOf({ invariant }: Finding, facts: OrderFacts): Way | undefined {
  if (!canBeRun(facts)) return undefined;
  const { id, order, reservation } = facts;
  const ofReservation = invariant === 'reservation';
  // The order database is of an earlier time than the customer database: the reservation says what was asked for.
  if (!order && reservation && ofReservation)
    return again(
      creatorOf(reservation),
      requestOf(id, { ...reservation, totalMinor: reservation.amountMinor }),
    );
  if (!order || !(ofReservation || invariant === 'terminal' || invariant === 'saga')) return undefined;
  const request = requestOf(id, order);
  switch (order.state) {
    case 'PENDING':
      return again(order.sagaId, request);
    case 'CANCELLING':
      return { kind: 'cancel', order: request };
    case 'CANCELLED': // holds credit: the saga that cancelled it finds it so, and releases
      if (!ofReservation) return undefined;
      return order.reason === 'CUSTOMER_REQUEST'
        ? { kind: 'cancel', order: request }
        : again(order.sagaId, request);
    case 'APPROVED': // the customer database is of an earlier time than the order database, or of a later one
      if (!ofReservation || reservation?.status === 'REJECTED') return undefined;
      return reservation ? { kind: 'cancel', order: request } : again(order.sagaId, request);
    default:
      return undefined;
  }
}

/** Whether a saga could bring the order to its end. */
export function canBeRun({ order, reservation, orderEvents, creditEvents }: OrderFacts): boolean {
  // A transition whose event is there already is refused permanently: the saga would park.
  if (isBehind(order, orderEvents) || isBehind(reservation, creditEvents)) return false;
  // Reserving and releasing answer `conflict` permanently: createOrderSaga would cancel the order and fail,
  // cancelOrderSaga would park.
  return !order || !reservation || isFor(reservation, order);
}

/** Whether there are events of what has not happened to the row. */
function isBehind(row: { readonly version: number } | undefined, { events }: AggregateEvents): boolean {
  return (events.at(-1)?.sequence ?? 0) > (row?.version ?? 0);
}

/** The saga that created the order; a tombstone is of the one that cancelled it. */
function creatorOf({ orderId, sagaId }: ReservationRow): string {
  return isCancelSaga(sagaId) ? sagaWorkflowId([orderId]) : sagaId;
}

function again(sagaId: string, order: OrderRequest): Way {
  return { kind: 'create', sagaId, order };
}

function requestOf(
  orderId: string,
  {
    customerId,
    totalMinor,
    currency,
  }: { readonly customerId: string; readonly totalMinor: bigint; readonly currency: string },
): OrderRequest {
  return { orderId, customerId, totalMinor: Number(totalMinor), currency };
}
