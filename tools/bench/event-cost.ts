/** `npm run bench -- events`: what the relays and the order history cost the rate of orders. */
import { step } from '../local/progress.cjs';
import { type Measured, median, WARM_UP_SHARE } from './measure';
import { type Product, startColocated, startShipped } from './product';
import { type BenchServers, MANY_CUSTOMERS, startBenchServers } from './servers';

const IN_FLIGHT = 40;
/** 0.95 of the rate without them. */
const RATIO_MIN = 0.95;

const NAMESPACE = 'events';

type Start = (servers: BenchServers) => Promise<Product>;

const PRODUCTS: Readonly<Record<string, Start>> = {
  'without relays and order history': (servers) =>
    startColocated(servers, NAMESPACE, { OUTBOX_RELAY: 'elsewhere' }),
  'with relays': (servers) => startColocated(servers, NAMESPACE),
  'as shipped': (servers) => startShipped(servers, NAMESPACE),
};

export interface EventCost {
  /** `ratio`: of the rate to that without relays and order history. */
  readonly measures: Readonly<Record<string, Measured & { readonly ratio: number }>>;
  readonly met: boolean;
}

/** One process at a time, because each would publish the events of the others. Every round has each once. */
export async function measureEventCost(orders: number, rounds: number): Promise<EventCost> {
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const taken = new Map<string, Measured[]>();
    for (let round = 1; round <= rounds; round += 1)
      for (const [name, start] of Object.entries(PRODUCTS)) {
        const label = `round ${String(round)} of ${String(rounds)}: ${name}`;
        const measured = await step(label, () => measureOne(servers, start, orders));
        taken.set(name, [...(taken.get(name) ?? []), measured]);
      }
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

async function measureOne(servers: BenchServers, start: Start, orders: number): Promise<Measured> {
  const product = await start(servers);
  try {
    const load = (count: number) =>
      product.load({ inFlight: IN_FLIGHT, orders: count, customers: MANY_CUSTOMERS });
    await load(Math.ceil(orders * WARM_UP_SHARE));
    return await load(orders);
  } finally {
    await product.stop();
  }
}

export function printEventCost({ measures, met }: EventCost): void {
  for (const [name, { rate, p50, p99, ratio }] of Object.entries(measures))
    console.log(
      `${name.padEnd(34)} ${rate.toFixed(0)} orders/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${ratio.toFixed(2)}`,
    );
  console.log(`each at least ${String(RATIO_MIN)} of the rate without: ${met ? 'yes' : 'no'}`);
}
