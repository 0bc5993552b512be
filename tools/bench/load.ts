/**
 * Closed-loop load over HTTP, in its own process: each caller places its next order when its last one is decided.
 * Reads a LoadTask as JSON from the command line and prints a Measured as JSON.
 */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { type Measured, measured } from './measure';

const taskSchema = z.object({
  /** Base URL of the API. */
  url: z.string(),
  /** Concurrent callers. */
  inFlight: z.number().int(),
  orders: z.number().int(),
  /** 1: a single hot customer. */
  customers: z.number().int(),
  /** Access token, where the product requires one. */
  token: z.string().optional(),
  /** More callers than the service admits: a 503 is retried after Retry-After; orders beyond `orders` are not counted. */
  overload: z.boolean().default(false),
});

export type LoadTask = z.input<typeof taskSchema>;

const answerSchema = z.object({ state: z.string().optional(), customerId: z.string() });

/** More than all orders of a run need, so that every order is approved. */
const CREDIT = { amount: '9000000000.00', currency: 'USD' };
const HEADERS: Record<string, string> = { 'Content-Type': 'application/json', Prefer: 'wait=30' };
const ORDER_TOTAL = { amount: '1.00', currency: 'USD' };

async function main(task: z.infer<typeof taskSchema>): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: task.inFlight });
  if (task.token !== undefined) HEADERS['Authorization'] = `Bearer ${task.token}`;
  const customers: string[] = [];
  while (customers.length < task.customers) {
    const { customerId } = await post(agent, `${task.url}/customers`, { name: 'Bench', creditLimit: CREDIT });
    customers.push(customerId);
  }
  const latencies: number[] = [];
  let placed = 0;
  let ended = 0;
  const caller = async (): Promise<void> => {
    while ((task.overload ? latencies.length : placed) < task.orders) {
      const customerId = customers[placed % customers.length];
      placed += 1;
      const began = performance.now();
      const { state } = await post(
        agent,
        `${task.url}/orders`,
        { customerId, orderTotal: ORDER_TOTAL },
        task.overload,
      );
      if (latencies.push(performance.now() - began) === task.orders) ended = performance.now();
      if (state !== 'APPROVED') throw new Error(`an order ended as ${String(state)}`);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: task.inFlight }, caller));
  const result = measured(latencies.slice(0, task.orders), ended - began);
  agent.destroy();
  return result;
}

function post(
  agent: Agent,
  url: string,
  body: object,
  retries = false,
): Promise<z.infer<typeof answerSchema>> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: HEADERS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 201) resolve(answerSchema.parse(JSON.parse(text)));
        else if (retries && response.statusCode === 503)
          setTimeout(
            () => {
              post(agent, url, body, retries).then(resolve, reject);
            },
            Number(response.headers['retry-after']) * 1_000,
          );
        else reject(new Error(`POST ${url} returned ${String(response.statusCode)}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

main(taskSchema.parse(JSON.parse(process.argv[2] ?? ''))).then(
  (result) => {
    console.log(JSON.stringify(result));
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
