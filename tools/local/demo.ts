/** `npm run demo`: creates customers and orders through the API of a running system and prints the results. */
import { z } from 'zod';
import { oneLine, options, runCommand } from '../../platform/command';
import { readConfig } from '../../platform/config';

const customerSchema = z.object({ customerId: z.string() });
const orderSchema = z.object({
  orderId: z.string(),
  state: z.string(),
  cancellationReason: z.string().optional(),
  orderTotal: z.object({ amount: z.string(), currency: z.string() }),
  links: z.object({ temporal: z.string() }),
});

const CUSTOMERS = [
  { name: 'Ada', limit: '100.00', orders: ['42.50', '57.50', '0.01'] },
  { name: 'Grace', limit: '20.00', orders: ['25.00', '20.00'] },
];

runCommand({
  usage: `npm run demo   places a few orders on a running system, and prints what became of them

The system is the one at HOST and PORT, by default that of npm start.`,
  read: options({}),
  run: () =>
    placeOrders().then(
      (rows) => {
        console.table(rows);
        return 0;
      },
      (error: unknown) => {
        const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        throw new Error(`The demo cannot reach the API; run npm start, or set PORT: ${oneLine(reason)}`);
      },
    ),
});

async function placeOrders(): Promise<Record<string, string>[]> {
  const { HOST, PORT } = readConfig();
  const api = `http://${HOST}:${String(PORT)}`;
  const rows: Record<string, string>[] = [];
  for (const { name, limit, orders } of CUSTOMERS) {
    const credit = { amount: limit, currency: 'USD' };
    const { customerId } = customerSchema.parse(
      await post(`${api}/customers`, { name, creditLimit: credit }),
    );
    for (const amount of orders) rows.push(await order(api, name, limit, customerId, amount));
  }
  rows.push(await order(api, 'unknown', '-', '00000000-0000-4000-8000-000000000000', '1.00'));
  return rows;
}

async function order(api: string, name: string, limit: string, customerId: string, amount: string) {
  const body = { customerId, orderTotal: { amount, currency: 'USD' } };
  const placed = orderSchema.parse(await post(`${api}/orders`, body));
  const { state, cancellationReason, links } = placed;
  return { customer: name, limit, amount, state, reason: cancellationReason ?? '', saga: links.temporal };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json', Prefer: 'wait=10' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok)
    throw new Error(`POST ${url} returned ${String(response.status)}: ${await response.text()}`);
  return response.json();
}
