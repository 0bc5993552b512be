/** The orders that wait for parked steps, from Temporal's visibility: it also answers while the order database does not. */
import type { Client } from '@temporalio/client';
import { ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import { parkedSagas } from '../../saga/host/parked';
import type { ParkedStepJson } from './saga-list-json';

/** 2 s for a page of Temporal's list, as long as a read of the database may take. It normally takes milliseconds. */
const PAGE_WITHIN_MS = 2_000;

/** 5,000 orders, a hundred full groups: listing them takes well under a second, and nobody reads more. */
const PARKED_ORDERS_MAX = 5_000;

export interface ParkedOrders {
  /** The parked steps of each order, by order id. */
  readonly steps: ReadonlyMap<string, readonly ParkedStepJson[]>;
  /** More orders are parked. */
  readonly truncated: boolean;
}

/**
 * @param query a list filter of Temporal that the sagas must match; undefined for all
 * @throws ServiceError or TimedOut when Temporal does not answer
 */
export async function parkedOrders(client: Client, query?: string): Promise<ParkedOrders> {
  const found = new Map<string, ParkedStepJson[]>();
  for await (const { sagaId, steps } of parkedSagas(client, query, PAGE_WITHIN_MS)) {
    if (found.size >= PARKED_ORDERS_MAX) return { steps: found, truncated: true };
    for (const { step, reason, since, subjects } of steps)
      for (const orderId of subjects)
        found.set(orderId, [...(found.get(orderId) ?? []), { step, reason, since, sagaId }]);
  }
  return { steps: found, truncated: false };
}

/** @returns a list filter of Temporal for the sagas of these orders */
export function sagasOf(orderIds: readonly string[]): string {
  return `${ORDER_IDS_ATTRIBUTE} IN (${orderIds.map((id) => `'${id}'`).join(', ')})`;
}
