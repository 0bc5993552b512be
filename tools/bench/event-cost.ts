/** `npm run bench -- events`: what the relays and the order history cost the rate of orders. */
import { inTurn, warmRate } from './in-turn';
import { type Measured, median } from './measure';
import { type Product, startColocated, startShipped } from './product';
import { type BenchServers, startBenchServers } from './servers';

/** 0.95 of the rate without them. */
const RATIO_MIN = 0.95;

const NAMESPACE = 'events';

const PRODUCTS: readonly (readonly [string, (servers: BenchServers) => Promise<Product>])[] = [
  [
    'without relays and order history',
    (servers) => startColocated(servers, NAMESPACE, { OUTBOX_RELAY: 'elsewhere' }),
  ],
  ['with relays', (servers) => startColocated(servers, NAMESPACE)],
  ['as shipped', (servers) => startShipped(servers, NAMESPACE)],
];

export interface EventCost {
  /** `ratio`: of the rate to that without relays and order history. */
  readonly measures: Readonly<Record<string, Measured & { readonly ratio: number }>>;
  readonly met: boolean;
}

/** One process at a time, because each would publish the events of the others. Every round has each once. */
export async function measureEventCost(orders: number, rounds: number): Promise<EventCost> {
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const taken = await inTurn(
      PRODUCTS.map(([name, start]) => ({ name, start: () => start(servers) })),
      rounds,
      (product) => warmRate(product, orders),
    );
    const medians = [...taken].map(([name, results]) => [name, median(results)] as const);
    const base = medians[0]?.[1].rate ?? NaN;
    const measures = Object.fromEntries(
      medians.map(([name, measured]) => [name, { ...measured, ratio: measured.rate / base }]),
    );
    return { measures, met: Object.values(measures).every(({ ratio }) => ratio >= RATIO_MIN) };
  } finally {
    await servers.stop();
  }
}

export function printEventCost({ measures, met }: EventCost): void {
  for (const [name, { rate, p50, p99, ratio }] of Object.entries(measures))
    console.log(
      `${name.padEnd(34)} ${rate.toFixed(0)} orders/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${ratio.toFixed(2)}`,
    );
  console.log(`each at least ${String(RATIO_MIN)} of the rate without: ${met ? 'yes' : 'no'}`);
}
