/** What a caller of the API does, at a gentle pace and in this process: `load.ts` is for more. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** More credit than all orders of a run need, so that every one is approved. */
const CREDIT = { amount: '9000000000.00', currency: 'USD' };
const ORDER_TOTAL = { amount: '1.00', currency: 'USD' };

const customerSchema = z.object({ customerId: z.string() });
const orderSchema = z.object({ orderId: z.string(), state: z.string() });

/** @returns their ids */
export async function newCustomers(url: string, count: number): Promise<string[]> {
  const body = { name: 'Bench', creditLimit: CREDIT };
  const customers: string[] = [];
  while (customers.length < count) {
    customers.push(customerSchema.parse(await posted(`${url}/customers`, 201, body)).customerId);
  }
  return customers;
}

/** @returns the order's id, when its row is committed */
export async function placed(url: string, customerId: string): Promise<string> {
  const body = { customerId, orderTotal: ORDER_TOTAL };
  return orderSchema.parse(await posted(`${url}/orders`, 202, body)).orderId;
}

/** @returns how long the order took until it was approved, milliseconds */
export async function approved(url: string, customerId: string): Promise<number> {
  const body = { customerId, orderTotal: ORDER_TOTAL };
  const began = performance.now();
  const { state } = orderSchema.parse(await posted(`${url}/orders`, 201, body, { Prefer: 'wait=30' }));
  if (state !== 'APPROVED') throw new Error(`an order ended as ${state}`);
  return performance.now() - began;
}

/**
 * Begins one after the other at a steady pace, whether those before have ended or not.
 *
 * @param goesOn asked before each, with how many have begun
 */
export async function steadily<Result>(
  perSecond: number,
  goesOn: (begun: number) => boolean,
  one: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const began = performance.now();
  const all: Promise<Result>[] = [];
  while (goesOn(all.length)) {
    await sleep(Math.max(began + (all.length * 1_000) / perSecond - performance.now(), 0));
    const result = one(all.length);
    // What it fails with is thrown in the end.
    result.catch(() => undefined);
    all.push(result);
  }
  return Promise.all(all);
}

/** @throws Error when the answer has another status */
async function posted(
  url: string,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`POST ${url} answered ${String(response.status)}: ${text}`);
  return JSON.parse(text);
}
