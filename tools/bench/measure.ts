/** A measurement: a rate and latencies. */
import { performance } from 'node:perf_hooks';
import { z } from 'zod';

export const measuredSchema = z.object({
  /** Completed per second. */
  rate: z.number(),
  /** Milliseconds. */
  p50: z.number(),
  p99: z.number(),
  /** Peak resident memory of the measured process, 10^6 bytes; where it is measured. */
  peakMb: z.number().optional(),
  /** Milliseconds from the end of an outage to the first decided order. */
  firstAfterMs: z.number().optional(),
});

export type Measured = z.infer<typeof measuredSchema>;

/** A quarter of a run fills pools, plans and the compiler's caches. */
export const WARM_UP_SHARE = 1 / 4;

export interface Measure {
  readonly name: string;
  /** @param orders of a run with forty in flight; other measures use a share of them */
  run(orders: number): Promise<Measured>;
}

/** Too few samples give no useful median. */
const MIN_SAMPLES = 20;

export function shareOf(orders: number, share: number): number {
  return Math.max(Math.round(orders * share), MIN_SAMPLES);
}

/**
 * @param latencies in milliseconds
 * @param tookMs duration of the whole run
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

/** The medians of several rounds, the lowest and highest rate, and the maximum of the optional values. */
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
