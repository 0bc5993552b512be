/** What the violations have in common: decided orders, and statements past the services as a superuser. */
import type { Invariant } from '../../../ops/audit/invariants';
import { rowsOf } from '../databases';
import { eventually, newCustomer, placeOrder, WAIT } from '../http';
import type { TestSystem } from '../system';

/** The findings that the audit must report of an order or a customer, and no others. */
export type Expected = readonly (readonly [subject: string, ...found: (readonly [Invariant, string])[]])[];

/** @param ends what the test must undo at its end */
type Plant = (system: TestSystem, ends: (() => Promise<unknown>)[]) => Promise<Expected>;

/** By the title of the test. */
export type Plants = Readonly<Record<string, Plant>>;

export async function decided(
  system: TestSystem,
  amount = '1.00',
): Promise<{ orderId: string; customer: string }> {
  const customer = await newCustomer(system.url, '10.00');
  const { body } = await placeOrder(system.url, customer, amount, WAIT);
  const orderId = String(body['orderId']);
  await followed(system, orderId);
  return { orderId, customer };
}

/** Both services' events of it: the customer's sum is right as well. */
async function followed(system: TestSystem, orderId: string): Promise<void> {
  await eventually(async () =>
    (await history(system, 'SELECT FROM received_events WHERE subject = $1', orderId)).length === 3
      ? true
      : undefined,
  );
}

export const orders = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminOrderUrl, text, values);
export const customers = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminCustomerUrl, text, values);
export const history = ({ databases }: TestSystem, text: string, ...values: unknown[]) =>
  rowsOf(databases.adminHistoryUrl, text, values);
