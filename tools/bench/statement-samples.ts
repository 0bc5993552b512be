/** Times the steps of orders in two ways in turn, so that a slow moment affects both. */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import { measured } from './measure';

export type Steps = Pick<OrderSteps, 'createPendingOrders' | 'approveOrders'> &
  Pick<CreditSteps, 'reserveCredit'>;

export interface ListShape {
  readonly orders: number;
  readonly customers: number;
}

interface Cost {
  /** Milliseconds. */
  readonly p50: number;
  /** Processor time of this process, milliseconds. */
  readonly cpuMs: number;
}

export interface StatementCost {
  readonly prisma: Cost;
  readonly driver: Cost;
}

/** Runs the three steps of new orders `count` times through each, in turn. @returns the costs by step */
export async function alternating(
  ways: readonly [Steps, Steps],
  { orders, customers: customerCount }: ListShape,
  customers: readonly string[],
  count: number,
): Promise<Readonly<Record<string, StatementCost>>> {
  const samples = new Map<string, [Sample[], Sample[]]>();
  for (let list = 0; list < count; list += 1)
    for (const way of [0, 1] as const) {
      const items = Array.from({ length: orders }, (_, index) => ({
        orderId: randomUUID(),
        customerId: customers[(list * orders + index) % customerCount] ?? '',
        totalMinor: 100,
        currency: 'USD',
      }));
      for (const [name, sample] of await sampled(ways[way], items)) {
        const taken = samples.get(name) ?? [[], []];
        samples.set(name, taken);
        taken[way].push(sample);
      }
    }
  return Object.fromEntries(
    [...samples].map(([name, [prisma, driver]]) => [
      name,
      { prisma: costOf(prisma), driver: costOf(driver) },
    ]),
  );
}

interface Sample {
  readonly tookMs: number;
  readonly cpuMs: number;
}

/** @throws Error when an order is not approved */
async function sampled(steps: Steps, items: readonly OrderRequest[]) {
  const request = { sagaId: `order-${String(items[0]?.orderId)}`, items: [...items] };
  const created = await sample(() => steps.createPendingOrders(request));
  const reserved = await sample(() => steps.reserveCredit(request));
  const approved = await sample(() => steps.approveOrders(request));
  const unapproved = approved.results.find(({ outcome }) => outcome !== 'approved');
  if (unapproved) throw new Error(`an order ended as ${unapproved.outcome}`);
  return [
    ['createPendingOrders', created],
    ['reserveCredit', reserved],
    ['approveOrders', approved],
  ] as const;
}

async function sample<Result>(run: () => Promise<Result>): Promise<Sample & { readonly results: Result }> {
  const [usage, began] = [process.cpuUsage(), performance.now()];
  const results = await run();
  const tookMs = performance.now() - began;
  const { user, system } = process.cpuUsage(usage);
  return { results, tookMs, cpuMs: (user + system) / 1_000 };
}

function costOf(samples: readonly Sample[]): Cost {
  const cpuMs = samples.reduce((sum, each) => sum + each.cpuMs, 0) / samples.length;
  return {
    p50: measured(
      samples.map(({ tookMs }) => tookMs),
      1,
    ).p50,
    cpuMs,
  };
}
