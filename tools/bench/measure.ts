/** What a measurement says: a rate and how long each took. */
import { performance } from 'node:perf_hooks';
import { z } from 'zod';

export const measuredSchema = z.object({
  /** Finished a second. */
  rate: z.number(),
  /** Milliseconds. */
  p50: z.number(),
  p99: z.number(),
  /** Most resident memory of the process that did it, in 10^6 bytes; where that was looked at. */
  peakMb: z.number().optional(),
  /** From the end of an outage until the first order was decided, milliseconds; after an outage. */
  firstAfterMs: z.number().optional(),
});

export type Measured = z.infer<typeof measuredSchema>;

export interface Measure {
  readonly name: string;
  /** @param orders that a run with forty in flight takes; the others take their share */
  run(orders: number): Promise<Measured>;
}

/** Fewer say nothing about a median. */
const FEWEST = 20;

export function shareOf(orders: number, share: number): number {
  return Math.max(Math.round(orders * share), FEWEST);
}

/**
 * @param latencies milliseconds each
 * @param tookMs of all together
 */
export function measured(latencies: readonly number[], tookMs: number): Measured {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { rate: (latencies.length / tookMs) * 1_000, p50: at(0.5), p99: at(0.99) };
}

/** Runs `work` `times` times, `inFlight` at once. */
export async function closedLoop(
  times: number,
  inFlight: number,
  work: () => Promise<void>,
): Promise<Measured> {
  const latencies: number[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < times) {
      begun += 1;
      const began = performance.now();
      await work();
      latencies.push(performance.now() - began);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return measured(latencies, performance.now() - began);
}

/** The middle one of several rounds, with the lowest and highest rate beside it; the worst of what few have. */
export function median(
  rounds: readonly Measured[],
): Measured & { readonly rates: readonly [number, number] } {
  const middle = (pick: (one: Measured) => number) => {
    const sorted = rounds.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const rates = rounds.map(({ rate }) => rate);
  const peaks = rounds.flatMap(({ peakMb }) => peakMb ?? []);
  const firsts = rounds.flatMap(({ firstAfterMs }) => firstAfterMs ?? []);
  return {
    rate: middle(({ rate }) => rate),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    rates: [Math.min(...rates), Math.max(...rates)],
    ...(peaks.length > 0 && { peakMb: Math.max(...peaks) }),
    ...(firsts.length > 0 && { firstAfterMs: Math.max(...firsts) }),
  };
}
