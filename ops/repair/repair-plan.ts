/**
 * Plans the repair of violated invariants that need no operator: it selects the saga to run again. The steps are idempotent,
 * so the saga does only what is missing. Pure.
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
  /** The order history is rebuilt from the services' rows, and the events after them. */
  | { readonly kind: 'view' };

export interface RepairPlan {
  readonly repairs: readonly Repair[];
  /** The findings that an operator must judge. */
  readonly manual: readonly Finding[];
}

/** @param facts facts of the orders that the findings concern, by order id */
export function planRepairs(
  findings: readonly Finding[],
  facts: ReadonlyMap<string, OrderFacts>,
): RepairPlan {
  const sagas = new Map<string, Map<string, OrderRequest>>();
  const cancellations = new Map<string, OrderRequest>();
  const manual: Finding[] = [];
  for (const finding of findings) {
    if (finding.invariant === 'view') continue;
    const found = facts.get(finding.subject);
    const run = found && runFor(finding, found);
    if (!run) manual.push(finding);
    else if (run.kind === 'cancel') cancellations.set(finding.subject, run.order);
    else
      sagas.set(
        run.sagaId,
        (sagas.get(run.sagaId) ?? new Map<string, OrderRequest>()).set(finding.subject, run.order),
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
    manual,
  };
}

type SingleRun =
  | { readonly kind: 'create'; readonly sagaId: string; readonly order: OrderRequest }
  | { readonly kind: 'cancel'; readonly order: OrderRequest };

/** @returns undefined when no saga can repair the finding */
function runFor({ invariant }: Finding, facts: OrderFacts): SingleRun | undefined {
  if (!canBeRun(facts)) return undefined;
  const { id, order, reservation } = facts;
  const ofReservation = invariant === 'reservation';
  // The order database was restored to an earlier time than the customer database: the reservation has the request.
  if (!order && reservation && ofReservation)
    return recreation(
      creatorOf(reservation),
      requestOf(id, { ...reservation, totalMinor: reservation.amountMinor }),
    );
  if (!order || !(ofReservation || invariant === 'terminal' || invariant === 'saga')) return undefined;
  const request = requestOf(id, order);
  switch (order.state) {
    case 'PENDING':
      return recreation(order.sagaId, request);
    case 'CANCELLING':
      return { kind: 'cancel', order: request };
    case 'CANCELLED': // holds credit: the saga that cancelled the order releases it
      if (!ofReservation) return undefined;
      return order.reason === 'CUSTOMER_REQUEST'
        ? { kind: 'cancel', order: request }
        : recreation(order.sagaId, request);
    case 'APPROVED': // one of the databases was restored to an earlier time than the other
      if (!ofReservation || reservation?.status === 'REJECTED') return undefined;
      return reservation ? { kind: 'cancel', order: request } : recreation(order.sagaId, request);
    default:
      return undefined;
  }
}

/** Whether a saga could complete the order. */
export function canBeRun({ order, reservation, orderEvents, creditEvents }: OrderFacts): boolean {
  // A transition whose event exists already fails permanently: the saga would park.
  if (isBehind(order, orderEvents) || isBehind(reservation, creditEvents)) return false;
  // Reserving and releasing answer `conflict` permanently: createOrderSaga would cancel the order and fail,
  // cancelOrderSaga would park.
  return !order || !reservation || isFor(reservation, order);
}

/** Whether there are events of transitions that the row has not made. */
function isBehind(row: { readonly version: number } | undefined, { events }: AggregateEvents): boolean {
  return (events.at(-1)?.sequence ?? 0) > (row?.version ?? 0);
}

/** Id of the saga that created the order. A tombstone has the id of the saga that cancelled it. */
function creatorOf({ orderId, sagaId }: ReservationRow): string {
  return isCancelSaga(sagaId) ? sagaWorkflowId([orderId]) : sagaId;
}

function recreation(sagaId: string, order: OrderRequest): SingleRun {
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
