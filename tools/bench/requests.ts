/** API requests at a low rate, from this process; `load.ts` generates heavy load. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** More than all orders of a run need, so that every order is approved. */
const CREDIT = { amount: '9000000000.00', currency: 'USD' };
const ORDER_TOTAL = { amount: '1.00', currency: 'USD' };

const customerSchema = z.object({ customerId: z.string() });
const orderSchema = z.object({ orderId: z.string(), state: z.string() });

/** Where to send requests, and with which access token: a URL alone sends none. */
export type Caller = string | { readonly url: string; readonly token: string };

/** @returns the customers' ids */
export async function newCustomers(caller: Caller, count: number): Promise<string[]> {
  const body = { name: 'Bench', creditLimit: CREDIT };
  const customers: string[] = [];
  while (customers.length < count) {
    customers.push(customerSchema.parse(await posted(caller, '/customers', 201, body)).customerId);
  }
  return customers;
}

/** Resolves when the order's row is committed. @returns the order's id */
export async function placed(caller: Caller, customerId: string): Promise<string> {
  const body = { customerId, orderTotal: ORDER_TOTAL };
  return orderSchema.parse(await posted(caller, '/orders', 202, body)).orderId;
}

/** @returns milliseconds until the order was approved */
export async function approved(caller: Caller, customerId: string): Promise<number> {
  const body = { customerId, orderTotal: ORDER_TOTAL };
  const began = performance.now();
  const { state } = orderSchema.parse(await posted(caller, '/orders', 201, body, { Prefer: 'wait=30' }));
  if (state !== 'APPROVED') throw new Error(`an order ended as ${state}`);
  return performance.now() - began;
}

/**
 * Open-loop load: starts calls at a steady rate, without waiting for earlier ones.
 *
 * @param shouldContinue called before each start with the number of started calls; false ends the load
 */
export async function steadily<Result>(
  perSecond: number,
  shouldContinue: (begun: number) => boolean,
  one: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const began = performance.now();
  const all: Promise<Result>[] = [];
  while (shouldContinue(all.length)) {
    await sleep(Math.max(began + (all.length * 1_000) / perSecond - performance.now(), 0));
    const result = one(all.length);
    // Promise.all below throws the failure.
    result.catch(() => undefined);
    all.push(result);
  }
  return Promise.all(all);
}

/** @throws Error when the response has another status */
async function posted(
  caller: Caller,
  path: string,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { url, token } = typeof caller === 'string' ? { url: caller } : caller;
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`POST ${path} returned ${String(response.status)}: ${text}`);
  return JSON.parse(text);
}
