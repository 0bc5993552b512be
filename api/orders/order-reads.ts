/** Reads orders from the order database. */
import { CANCELLATION_REASONS, ORDER_STATES } from '../../domain/order';
import type { OrderDatabase } from '../../prisma/order/client';
import type { OrderView } from './order-json';
import { type Page, pageOf, readCursor } from '../http/pagination';

export type OrderRow = NonNullable<Awaited<ReturnType<OrderDatabase['order']['findUnique']>>>;

export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly state?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function findOrder(db: OrderDatabase, orderId: string): Promise<OrderView | undefined> {
  const row = await db.order.findUnique({ where: { id: orderId } });
  return row ? orderView(row) : undefined;
}

/** A keyset page, newest first. */
export async function listOrders<Item>(
  db: OrderDatabase,
  filter: OrderFilter,
  item: (order: OrderView) => Item,
): Promise<Page<Item>> {
  const { customerId, state, limit, cursor } = filter;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rows = await db.order.findMany({
    where: {
      ...(customerId !== undefined && { customerId }),
      ...(state !== undefined && { state }),
      ...(after && {
        createdAt: { lte: after.createdAt },
        OR: [{ createdAt: { lt: after.createdAt } }, { id: { lt: after.id } }],
      }),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return pageOf(rows, limit, (row) => item(orderView(row)));
}

export function orderView(row: OrderRow): OrderView {
  const reason = CANCELLATION_REASONS.find((known) => known === row.cancellationReason);
  return {
    orderId: row.id,
    customerId: row.customerId,
    totalMinor: Number(row.totalMinor),
    currency: row.currency,
    state: parseState(row.state),
    ...(reason && { reason }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
    sagaId: row.sagaId,
    ...(row.cancellationKey !== null && { cancellationKey: row.cancellationKey }),
  };
}

/** @throws TypeError when the state is unknown; a CHECK of the database excludes that */
function parseState(state: string) {
  const known = ORDER_STATES.find((name) => name === state);
  if (!known) throw new TypeError(`unknown order state ${state}`);
  return known;
}
