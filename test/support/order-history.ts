/** The order history of a customer, as a client of the API reads it. */
import { expect } from '@jest/globals';
import { historySchema } from '../../api/order-history/history-json';
import { call, eventually } from './http';

export type CustomerHistory = ReturnType<typeof historySchema.parse>;

/** @param query of {@link including}, or of a page */
export async function readOrderHistory(
  url: string,
  customer: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<CustomerHistory> {
  const answer = await call(`${url}/customers/${customer}/order-history${query}`, 'GET', undefined, headers);
  expect([answer.status, answer.body]).toEqual([200, answer.body]);
  return historySchema.parse(answer.body);
}

/** Reads until `look` finds what it looks for; while the history does not have the customer yet, it reads again. */
export function eventuallyInHistory<T>(
  url: string,
  customer: string,
  look: (history: CustomerHistory) => T | undefined,
): Promise<T> {
  return eventually(async () => {
    const answer = await call(`${url}/customers/${customer}/order-history`, 'GET');
    if (answer.status === 404) return undefined;
    expect([answer.status, answer.body]).toEqual([200, answer.body]);
    return look(historySchema.parse(answer.body));
  });
}

/** With `Prefer: wait` the answer waits until the view has what this ETag or cursor stands for. */
export const including = (tag: string | null): string => `?includes=${encodeURIComponent(tag ?? '')}`;
