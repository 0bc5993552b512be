/**
 * The customer service's steps: each is one statement and one transaction on the customer database. A function in the
 * database (`prisma/customer/migrations`) makes the decision, because it must process the list in order.
 */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { CreditSteps, OrderRequest, ReleaseResult, ReserveResult } from '../domain/contracts';
import type { CreditRejectionReason } from '../domain/order';
import type { CustomerDatabase } from '../prisma/customer/client';
import { stepRunner } from './isolate-failures';
import { recordEvents } from './outbox';

/**
 * 10 ms: another group holds a customer's row for one commit, which takes a few milliseconds. The other orders of the list,
 * and the next group, must not wait for a transaction that holds it longer.
 */
const LOCK_WAIT_MS = 10;

export interface CustomerActivitiesOptions {
  readonly db: CustomerDatabase;
  /** Called after each commit that may have written events. */
  readonly onCommit?: (() => void) | undefined;
}

export function createCustomerActivities({ db, onCommit }: CustomerActivitiesOptions): CreditSteps {
  const run = stepRunner(onCommit);
  return {
    reserveCredit: ({ sagaId, items }) =>
      run('reserveCredit', items, (orders) =>
        lockedLast(orders, async (batch, waitMs) => {
          const rows = await db.$queryRaw<ReserveRow[]>(reserveStatement(sagaId, batch, waitMs));
          return rows.map(reserveResult);
        }),
      ),
    releaseCredit: ({ sagaId, items }) =>
      run('releaseCredit', items, (orders) =>
        lockedLast(orders, (batch, waitMs) =>
          db.$queryRaw<ReleaseResult[]>(releaseStatement(sagaId, batch, waitMs)),
        ),
      ),
  };
}

/**
 * Runs the statement for the orders whose customers are not locked, in a transaction of its own; then runs it for the
 * others and waits for the locks. Orders of a single customer delay no other orders, so they wait for the lock at once.
 */
async function lockedLast<Result extends { readonly orderId: string; readonly outcome: string }>(
  orders: readonly OrderRequest[],
  statement: (orders: readonly OrderRequest[], waitMs: number) => Promise<Result[]>,
): Promise<Result[]> {
  const oneCustomer = new Set(orders.map(({ customerId }) => customerId)).size === 1;
  if (oneCustomer) return statement(orders, LOCK_WAIT_MS);
  const first = await statement(orders, 0);
  const busyIds = new Set(first.filter(({ outcome }) => outcome === 'busy').map(({ orderId }) => orderId));
  if (busyIds.size === 0) return first;
  const busyOrders = orders.filter(({ orderId }) => busyIds.has(orderId));
  return [
    ...first.filter(({ orderId }) => !busyIds.has(orderId)),
    ...(await statement(busyOrders, LOCK_WAIT_MS)),
  ];
}

interface ReserveRow {
  readonly orderId: string;
  readonly outcome: ReserveResult['outcome'];
  readonly reason: CreditRejectionReason | null;
}

function reserveResult({ orderId, outcome, reason }: ReserveRow): ReserveResult {
  if (outcome !== 'rejected') return { orderId, outcome };
  if (reason === null) throw new TypeError(`reserve_credit rejected order ${orderId} without a reason`);
  return { orderId, outcome, reason };
}

/** Returns the arrays that both database functions take: order ids, customer ids, amounts, currencies. */
function columns(orders: readonly OrderRequest[]): Sql {
  const ids = orders.map(({ orderId }) => orderId);
  const customers = orders.map(({ customerId }) => customerId);
  const amounts = orders.map(({ totalMinor }) => totalMinor);
  const currencies = orders.map(({ currency }) => currency);
  return sql`${ids}::uuid[], ${customers}::uuid[], ${amounts}::bigint[], ${currencies}::text[]`;
}

function reserveStatement(sagaId: string, orders: readonly OrderRequest[], waitMs: number): Sql {
  return sql`
    WITH decided AS MATERIALIZED (
      SELECT * FROM reserve_credit(${columns(orders)}, ${sagaId}, ${waitMs}::integer)
    ), recorded AS (${recordEvents(sql`
      SELECT 'credit-reservation', order_id, 1,
        CASE WHEN outcome = 'reserved' THEN 'CreditReserved'
             WHEN reason = 'INSUFFICIENT_CREDIT' THEN 'CreditLimitExceeded'
             ELSE 'CreditRejected' END,
        jsonb_strip_nulls(jsonb_build_object('orderId', order_id, 'customerId', customer_id,
          'amountMinor', amount_minor, 'currency', currency, 'reason', reason)), ${sagaId}
      FROM decided WHERE changed`)}
    )
    SELECT order_id AS "orderId", outcome, reason FROM decided`;
}

function releaseStatement(sagaId: string, orders: readonly OrderRequest[], waitMs: number): Sql {
  return sql`
    WITH released AS MATERIALIZED (
      SELECT * FROM release_credit(${columns(orders)}, ${sagaId}, ${waitMs}::integer)
    ), recorded AS (${recordEvents(sql`
      SELECT 'credit-reservation', order_id, version, 'CreditReleased',
        jsonb_build_object('orderId', order_id, 'customerId', customer_id,
          'amountMinor', amount_minor, 'currency', currency, 'heldMinor', held_minor), ${sagaId}
      FROM released WHERE changed`)}
    )
    SELECT order_id AS "orderId", outcome FROM released`;
}
