/**
 * `npm run bench -- processes`: the rate with one, two and four order services, and the processor time of each part for an
 * order: on a machine with few cores, the latter says what another machine would bring.
 */
import { inTurn } from './in-turn';
import { type Measured, median, WARM_UP_SHARE } from './measure';
import type { Judged } from './report';
import { type ScaledProduct, startColocatedProcesses, startOrderServices } from './scaled-product';
import { type BenchServers, MANY_CUSTOMERS, startBenchServers } from './servers';

const NAMESPACE = 'processes';

const IN_FLIGHT = [40, 200];

interface Setup {
  readonly name: string;
  readonly customersApart?: boolean;
  readonly start: (servers: BenchServers) => Promise<ScaledProduct>;
}

const colocated = (count: number) => (servers: BenchServers) =>
  startColocatedProcesses(servers, NAMESPACE, count);
const orderServices = (count: number) => (servers: BenchServers) =>
  startOrderServices(servers, NAMESPACE, count);

const SETUPS: readonly Setup[] = [
  { name: 'colocated, one process', start: colocated(1) },
  { name: 'colocated, two processes', start: colocated(2) },
  { name: 'distributed, one order service', start: orderServices(1) },
  { name: 'distributed, two order services', start: orderServices(2) },
  { name: 'distributed, four order services', start: orderServices(4) },
  { name: 'distributed, two Postgres servers', start: orderServices(1), customersApart: true },
];

interface Cost extends Measured {
  /** Cores in use, of all parts together. */
  readonly cores: number;
  /** Milliseconds of processor time for an order, by part. */
  readonly orderMs: Readonly<Record<string, number>>;
  /** Bytes of Postgres's log for an order. */
  readonly logBytes: number;
  /** Orders of a saga, on average. */
  readonly group: number;
}

interface ProcessesResult extends Judged {
  /** By setup and orders in flight: medians of all rounds. */
  readonly measures: Readonly<Record<string, Cost>>;
}

/**
 * @param orders of a run
 * @param only setups whose name contains one of the words
 */
export async function measureProcesses(
  orders: number,
  rounds: number,
  only: readonly string[],
): Promise<ProcessesResult> {
  const setups = SETUPS.filter(({ name }) => only.some((part) => name.includes(part)));
  const servers = await startBenchServers([NAMESPACE]);
  const apart = setups.some(({ customersApart }) => customersApart)
    ? await startBenchServers([NAMESPACE], { customersApart: true })
    : undefined;
  try {
    const taken = await inTurn(
      setups.map(({ name, customersApart, start }) => ({
        name,
        start: () => start(customersApart && apart ? apart : servers),
      })),
      rounds,
      (product) => measureCosts(product, orders),
    );
    return {
      measures: Object.fromEntries(
        [...taken].flatMap(([name, results]) =>
          IN_FLIGHT.map((inFlight, index) => [
            `${name}, ${String(inFlight)} in flight`,
            medianCost(results.flatMap((costs) => costs[index] ?? [])),
          ]),
        ),
      ),
    };
  } finally {
    await apart?.stop();
    await servers.stop();
  }
}

/** @returns the costs, in the order of IN_FLIGHT */
async function measureCosts(product: ScaledProduct, orders: number): Promise<readonly Cost[]> {
  const costs: Cost[] = [];
  for (const inFlight of IN_FLIGHT) {
    const load = (count: number) => product.load({ inFlight, orders: count, customers: MANY_CUSTOMERS });
    await load(Math.ceil(orders * WARM_UP_SHARE));
    const [start, , customersMade] = [product.processorTime(), await load(0), product.processorTime()];
    const before = await product.written();
    const [from, measured, end] = [product.processorTime(), await load(orders), product.processorTime()];
    const after = await product.written();
    // A load makes its customers first: what that takes is not an order's.
    const spent = Object.entries(end).map(([part, at]) => {
      const customers = (customersMade[part] ?? 0) - (start[part] ?? 0);
      return [part, at - (from[part] ?? 0) - customers] as const;
    });
    costs.push({
      ...measured,
      cores: spent.reduce((sum, [, seconds]) => sum + seconds, 0) / (orders / measured.rate),
      orderMs: Object.fromEntries(spent.map(([part, seconds]) => [part, (seconds * 1_000) / orders])),
      logBytes: (after.logBytes - before.logBytes) / orders,
      group: orders / (after.sagas - before.sagas),
    });
  }
  return costs;
}

function medianCost(costs: readonly Cost[]): Cost {
  const middle = (pick: (cost: Cost) => number) => {
    const sorted = costs.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  };
  const parts = Object.keys(costs[0]?.orderMs ?? {});
  return {
    ...median(costs),
    cores: middle(({ cores }) => cores),
    logBytes: middle(({ logBytes }) => logBytes),
    group: middle(({ group }) => group),
    orderMs: Object.fromEntries(parts.map((part) => [part, middle(({ orderMs }) => orderMs[part] ?? NaN)])),
  };
}

export function printProcesses({ measures }: ProcessesResult): void {
  for (const [name, { rate, p50, cores, orderMs, logBytes, group }] of Object.entries(measures)) {
    console.log(
      `${name}: ${rate.toFixed(0)} orders/s, p50 ${p50.toFixed(0)} ms, ${cores.toFixed(2)} cores, ${group.toFixed(1)} orders in a group, ` +
        `${(logBytes / 1_000).toFixed(1)} KB of log for an order; milliseconds of an order:`,
    );
    const parts = Object.entries(orderMs).map(([part, ms]) => `${part} ${ms.toFixed(2)}`);
    console.log(`  ${parts.join(', ')}`);
  }
}
