/** The report of a run: the table of measures, and the ratios with their targets. */
import type { median } from './measure';
import { type Bounds, TARGET_RATIOS } from './target-ratios';

export type Results = Readonly<Record<string, ReturnType<typeof median>>>;

export interface Ratio {
  readonly what: string;
  readonly ratio: number;
  readonly reach: string;
  readonly met: boolean;
}

/** The part of a result that says whether it is as wanted; without it, nothing in particular is. */
export interface Judged {
  readonly met?: boolean;
  readonly ratios?: readonly Ratio[];
}

/** The ratios whose measures were taken. */
export function ratiosOf(results: Results): Ratio[] {
  const ratios = TARGET_RATIOS.flatMap(({ what, of, to, ...bounds }) => {
    const [above, below] = [results[of[0]]?.[of[1]], results[to[0]]?.[to[1]]];
    return above === undefined || below === undefined ? [] : [ratioOf(what, above / below, bounds)];
  });
  const relay = relayHeadroom(results);
  if (relay !== undefined)
    ratios.push(
      ratioOf("relay, events a second, to the order service's at 200 in flight", relay, { least: 5 }),
    );
  const delay = results['commit to consumer']?.p99;
  if (delay !== undefined)
    ratios.push(ratioOf('commit to consumer at 20 orders a second, p99, ms', delay, { most: 20 }));
  const replayed = results['replay']?.rate;
  if (replayed !== undefined)
    ratios.push(ratioOf('replay of 1,000 histories, s', 1_000 / replayed, { most: 60 }));
  const remote = remoteStepRatio(results);
  if (remote !== undefined)
    ratios.push(ratioOf('distributed alone, p50, to colocated and a remote step', remote, { most: 1.5 }));
  return ratios;
}

/** An approved order has two events in the order service's outbox. */
function relayHeadroom(results: Results): number | undefined {
  const [relay, orders] = [results['relay alone']?.rate, results['colocated, 200']?.rate];
  return relay === undefined || orders === undefined ? undefined : relay / (2 * orders);
}

/** The cost of a remote step: a workflow with one minus an empty workflow. */
function remoteStepRatio(results: Results): number | undefined {
  const p50 = (name: string) => results[name]?.p50;
  const [distributed, colocated] = [p50('distributed, 1'), p50('colocated, 1')];
  const [remote, empty] = [p50('one remote step, 1'), p50('empty workflow, 1')];
  if (distributed === undefined || colocated === undefined || remote === undefined || empty === undefined)
    return undefined;
  return distributed / (colocated + remote - empty);
}

export function ratioOf(what: string, ratio: number, { least, most }: Bounds): Ratio {
  const met = (least === undefined || ratio >= least) && (most === undefined || ratio <= most);
  return { what, ratio, reach: least === undefined ? `≤ ${String(most)}` : `≥ ${String(least)}`, met };
}

export function printMeasures({ results }: { readonly results: Results }): void {
  console.table(
    Object.fromEntries(
      Object.entries(results).map(([name, { rate, rates, p50, p99, peakMb, firstAfterMs }]) => [
        name,
        {
          'a second': rate.toFixed(0),
          'lowest–highest': rates.map((each) => each.toFixed(0)).join('–'),
          'p50 ms': p50.toFixed(1),
          'p99 ms': p99.toFixed(1),
          ...(peakMb !== undefined && { 'peak MB': peakMb.toFixed(0) }),
          ...(firstAfterMs !== undefined && { 'first after s': (firstAfterMs / 1_000).toFixed(1) }),
        },
      ]),
    ),
  );
}

export function printRatios(ratios: readonly Ratio[]): void {
  console.table(
    ratios.map(({ what, ratio, reach, met }) => ({
      ratio: what,
      is: ratio.toFixed(2),
      reach,
      met: met ? 'yes' : 'NO',
    })),
  );
}
