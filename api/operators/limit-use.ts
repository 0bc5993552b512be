/** The limits of a process beside their use: each gauge of a limit with the gauge that it limits. */
import { type Metrics, METRIC_PREFIX, type Reading } from '../../platform/metrics';
import type { LimitUse } from './overview-json';

const SUFFIX = '_limit';

/** A connection that nobody uses is free for the next statement. */
const isInUse = ({ labels }: Reading): boolean => labels?.['state'] !== 'idle';

/** @throws what a gauge throws; those of limits read the state of this process, and do not */
export async function limitsOf(metrics: Metrics): Promise<LimitUse[]> {
  const names = metrics.gauges
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter((name) => metrics.gauges.includes(name));
  const all = await Promise.all(
    names.map(async (name) => {
      const [used, limits] = [await metrics.read(name), await metrics.read(`${name}${SUFFIX}`)];
      return (limits ?? []).map((limit) => ({
        name: `${METRIC_PREFIX}${name}${series(limit)}`,
        used: (used ?? [])
          .filter((reading) => isInUse(reading) && isOf(reading, limit))
          .reduce((sum, { value }) => sum + value, 0),
        limit: limit.value,
      }));
    }),
  );
  return all.flat();
}

const isOf = ({ labels = {} }: Reading, limit: Reading): boolean =>
  Object.entries(limit.labels ?? {}).every(([name, value]) => labels[name] === value);

/** As Prometheus writes it. */
function series({ labels = {} }: Reading): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
