/**
 * The customer side's steps: one function, one statement, one transaction on the customer database. The
 * decision itself is a function in the database (`prisma/customer/migrations`), because the order of the
 * list matters there.
 */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { CreditSteps, OrderRequest, ReleaseResult, ReserveResult } from '../domain/contracts';
import type { CreditRejectionReason } from '../domain/order';
import type { CustomerDatabase } from '../prisma/customer/client';
import { stepRunner } from './isolate-failures';
import { recordEvents } from './outbox';

/**
 * 10 ms: another group holds a customer's row for one commit, a few milliseconds. Whoever holds it longer is somebody that
 * the rest of the list, and the next group, must not wait for.
 */
const LOCK_WAIT_MS = 10;

export interface CustomerActivitiesOptions {
  readonly db: CustomerDatabase;
  /** Told after each commit that may have written events. */
  readonly onCommit?: (() => void) | undefined;
}

export function createCustomerActivities({ db, onCommit }: CustomerActivitiesOptions): CreditSteps {
  const run = stepRunner(onCommit);
  return {
    reserveCredit: ({ sagaId, items }) =>
      run('reserveCredit', items, (asked) =>
        lockedLast(asked, async (some, waitMs) => {
          const rows = await db.$queryRaw<ReserveRow[]>(reserveStatement(sagaId, some, waitMs));
          return rows.map(reserveResult);
        }),
      ),
    releaseCredit: ({ sagaId, items }) =>
      run('releaseCredit', items, (asked) =>
        lockedLast(asked, (some, waitMs) =>
          db.$queryRaw<ReleaseResult[]>(releaseStatement(sagaId, some, waitMs)),
        ),
      ),
  };
}

/**
 * Serves first whom it need not wait for, in a transaction of their own; then waits a little for the
 * customers whose rows are locked. Orders of one customer only have no neighbours to delay: they wait at once.
 */
async function lockedLast<Result extends { readonly orderId: string; readonly outcome: string }>(
  orders: readonly OrderRequest[],
  statement: (orders: readonly OrderRequest[], waitMs: number) => Promise<Result[]>,
): Promise<Result[]> {
  const oneCustomer = new Set(orders.map(({ customerId }) => customerId)).size === 1;
  if (oneCustomer) return statement(orders, LOCK_WAIT_MS);
  const first = await statement(orders, 0);
  const busy = new Set(first.filter(({ outcome }) => outcome === 'busy').map(({ orderId }) => orderId));
  if (busy.size === 0) return first;
  const second = await statement(
    orders.filter(({ orderId }) => busy.has(orderId)),
    LOCK_WAIT_MS,
  );
  return [...first.filter(({ orderId }) => !busy.has(orderId)), ...second];
}

interface ReserveRow {
  readonly orderId: string;
  readonly outcome: Exclude<ReserveResult['outcome'], 'rejected'> | 'rejected';
  readonly reason: CreditRejectionReason | null;
}

function reserveResult({ orderId, outcome, reason }: ReserveRow): ReserveResult {
  if (outcome !== 'rejected') return { orderId, outcome };
  if (reason === null)
    throw new TypeError(`the reservation of order ${orderId} was rejected without a reason`);
  return { orderId, outcome, reason };
}

/** The argument lists that both functions take: order ids, customer ids, amounts, currencies. */
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
