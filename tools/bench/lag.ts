/** `npm run bench -- lag`: how far consumers and the order history are behind, at a low rate, in the product as shipped. */
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { step } from '../local/progress.cjs';
import { commitToConsumer } from './events';
import { type Measured, measured, median } from './measure';
import { startShipped } from './product';
import { type Ratio, ratioOf } from './report';
import { newCustomers, steadily } from './requests';
import { startBenchServers } from './servers';

const NAMESPACE = 'lag';

/** A low rate: this measures delays, not the load. */
const ORDERS_PER_SECOND = 20;

/** Milliseconds, of the 99th percentile. */
const CONSUMER_MOST = 20;
const HISTORY_MOST = 250;

const orderSchema = z.object({ state: z.literal('APPROVED') });

interface Lag {
  readonly measures: Readonly<Record<string, Measured>>;
  readonly ratios: readonly Ratio[];
}

/** @param orders in each round of each measure */
export async function measureLag(orders: number, rounds: number): Promise<Lag> {
  const servers = await startBenchServers([NAMESPACE]);
  const product = await startShipped(servers, NAMESPACE);
  try {
    await historyBehindAnswers(product.url, orders);
    const taken = { consumer: [] as Measured[], history: [] as Measured[] };
    for (let round = 1; round <= rounds; round += 1)
      await step(`round ${String(round)} of ${String(rounds)}`, async () => {
        taken.consumer.push(await commitToConsumer(servers.databases, product.url, orders));
        taken.history.push(await historyBehindAnswers(product.url, orders));
      });
    const [consumer, history] = [median(taken.consumer), median(taken.history)];
    return {
      measures: { 'commit to consumer': consumer, 'answer to order history': history },
      ratios: [
        ratioOf('commit to consumer, p99, ms', consumer.p99, { most: CONSUMER_MOST }),
        ratioOf('answer to order history, p99, ms', history.p99, { most: HISTORY_MOST }),
      ],
    };
  } finally {
    await product.stop();
    await servers.stop();
  }
}

/** Latencies from the answer with an approved order until the order history has included it, and its answer has arrived. */
async function historyBehindAnswers(url: string, orders: number): Promise<Measured> {
  const [customerId = ''] = await newCustomers(url, 1);
  const began = performance.now();
  const behind = await steadily(
    ORDERS_PER_SECOND,
    (begun) => begun < orders,
    async () => {
      const etag = await approvedOrder(url, customerId);
      const answered = performance.now();
      const history = new URL(`/customers/${customerId}/order-history`, url);
      history.searchParams.set('includes', etag);
      history.searchParams.set('limit', '1');
      const response = await fetch(history, { headers: { Prefer: 'wait=30' } });
      await response.text();
      if (response.headers.get('Preference-Applied') === null)
        throw new Error(`the order history lacks ${etag} after 30 s`);
      return performance.now() - answered;
    },
  );
  return measured(behind, performance.now() - began);
}

/** @returns the ETag of its last version */
async function approvedOrder(url: string, customerId: string): Promise<string> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: 'wait=30' },
    body: JSON.stringify({ customerId, orderTotal: { amount: '1.00', currency: 'USD' } }),
  });
  orderSchema.parse(await response.json());
  return response.headers.get('ETag') ?? '';
}

export function printLag({ measures }: Lag): void {
  for (const [name, { p50, p99 }] of Object.entries(measures))
    console.log(`${name.padEnd(24)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
}
