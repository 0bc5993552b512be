/** `npm run bench -- peers`: the product beside other engines, with the same statements and servers, in one run. */
import { step } from '../local/progress.cjs';
import { type Measured, median } from './measure';
import { type Contender, CONTENDERS, installPeers, PEER_NAMESPACE } from './peer-processes';
import { type Shape, SHAPES } from './peer-shapes';
import { type BenchServers, startBenchServers } from './servers';

/** The engines that the product is compared with: the better one counts. */
const RIVALS = ['Restate', 'DBOS'];

interface Target {
  readonly contender: string;
  readonly shape: string;
  readonly of: 'rate' | 'p50';
  /** At least so many times the rate of the better rival, or at most so many times its p50. */
  readonly bound: number;
}

const TARGETS: readonly Target[] = [
  { contender: 'order saga, colocated', shape: '40 in flight', of: 'rate', bound: 4 },
  { contender: 'order saga, colocated', shape: '200 in flight', of: 'rate', bound: 5 },
  { contender: 'order saga, colocated', shape: 'one every 50 ms', of: 'p50', bound: 1.5 },
  { contender: 'order saga, colocated', shape: 'one after the other', of: 'p50', bound: 2 },
  { contender: 'order saga, one process of each kind', shape: '40 in flight', of: 'rate', bound: 3 },
  { contender: 'order saga, one process of each kind', shape: 'one every 50 ms', of: 'p50', bound: 2.5 },
  { contender: 'order saga, start:distributed', shape: '40 in flight', of: 'rate', bound: 2 },
];

export interface PeerResult {
  /** By contender and shape: the medians of all rounds. */
  readonly measures: Readonly<Record<string, Readonly<Record<string, Measured>>>>;
  readonly targets: readonly (Target & { readonly is: number; readonly met: boolean })[];
  readonly met: boolean;
}

/**
 * @param orders in a run with forty in flight; slow contenders and other shapes place fewer
 * @param only contenders whose name contains one of the words
 */
export async function measurePeers(
  orders: number,
  rounds: number,
  only: readonly string[],
): Promise<PeerResult> {
  await installPeers();
  const servers = await startBenchServers([PEER_NAMESPACE]);
  try {
    const selected = CONTENDERS.filter(({ name }) => only.some((part) => name.includes(part)));
    const taken = new Map<string, Map<string, Measured[]>>();
    for (let round = 1; round <= rounds; round += 1)
      for (const contender of selected) {
        const label = `round ${String(round)} of ${String(rounds)}: ${contender.name}`;
        await step(label, () => measureOne(servers, contender, orders, taken));
      }
    const measures = Object.fromEntries(
      [...taken].map(([name, shapes]) => [
        name,
        Object.fromEntries([...shapes].map(([shape, results]) => [shape, median(results)])),
      ]),
    );
    const targets = TARGETS.flatMap((target) => judged(target, measures));
    return { measures, targets, met: targets.every(({ met }) => met) };
  } finally {
    await servers.stop();
  }
}

/** Only one contender runs at a time. */
async function measureOne(
  servers: BenchServers,
  { name, start, share }: Contender,
  orders: number,
  taken: Map<string, Map<string, Measured[]>>,
): Promise<void> {
  const running = await start(servers);
  const shapes = taken.get(name) ?? new Map<string, Measured[]>();
  taken.set(name, shapes);
  try {
    const measure = (shape: Shape) => shape.measure(running.url, Math.ceil(orders * share));
    for (const shape of SHAPES) await shape.warmUp(running.url, Math.ceil(orders * share));
    for (const shape of SHAPES) {
      const results = shapes.get(shape.name) ?? [];
      shapes.set(shape.name, [...results, await measure(shape)]);
    }
  } catch (error) {
    throw new Error(`${name} failed: ${running.output?.() ?? ''}`, { cause: error });
  } finally {
    await running.stop();
  }
}

function judged(target: Target, measures: PeerResult['measures']): PeerResult['targets'] {
  const { contender, shape, of, bound } = target;
  const own = measures[contender]?.[shape]?.[of];
  const theirs = RIVALS.flatMap((rival) => measures[rival]?.[shape]?.[of] ?? []);
  if (own === undefined || theirs.length === 0) return [];
  const is = own / (of === 'rate' ? Math.max(...theirs) : Math.min(...theirs));
  return [{ ...target, is, met: of === 'rate' ? is >= bound : is <= bound }];
}

export function printPeers({ measures, targets }: PeerResult): void {
  for (const [name, shapes] of Object.entries(measures))
    for (const [shape, { rate, p50, p99 }] of Object.entries(shapes))
      console.log(
        `${name.padEnd(37)} ${shape.padEnd(20)} ${rate.toFixed(0).padStart(5)} orders/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
      );
  for (const { contender, shape, of, is, bound, met } of targets)
    console.log(
      `${contender}, ${shape}: ${of} ${is.toFixed(2)} times that of the better rival, wanted ${of === 'rate' ? '≥' : '≤'} ${String(bound)}: ${met ? 'yes' : 'NO'}`,
    );
}
