/** Faults of the connections to the servers. Each returns whether its effect was observed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import type { FaultProxy } from './fault-proxy';
import type { Held } from './proxied-connection';
import type { Random } from './random';
import type { Fault } from './server-faults';

/** 200 ms for each piece: a slow intercontinental connection. 4 s, so that some messages pass. */
const SLOW_MS = 200;
const SLOW_FOR_MS = 4_000;

/**
 * 5 s: longer than a workflow task or a credit step may take, so that another worker gets its work before it
 * resumes.
 */
const TEMPORAL_STALLED_MS = 5_000;

/** 8 s: longer than a database client waits for an answer (7 s). */
const DATABASE_STALLED_MS = 8_000;

/** 5 s: under load many sagas start each second. */
const CATCH_TIMEOUT_MS = 5_000;

/** Only the call that starts a saga contains this. */
const START = '"creditCheckTimeoutMs"';

type Proxies = (cluster: Cluster, random: Random) => readonly FaultProxy[];

const ofOne =
  (proxies: (cluster: Cluster) => readonly (readonly FaultProxy[])[]): Proxies =>
  (cluster, random) => {
    const some = proxies(cluster).filter((each) => each.length > 0);
    return some[random.below(some.length)] ?? [];
  };
const allDatabases: Proxies = ({ all }) => all.flatMap(({ databaseProxies }) => databaseProxies);
const allTemporal: Proxies = ({ all }) => all.flatMap(({ temporal }) => temporal ?? []);
const oneDatabase = ofOne(({ all }) => all.map(({ databaseProxies }) => databaseProxies));
const oneTemporal = ofOne(({ all }) => all.map(({ temporal }) => (temporal ? [temporal] : [])));

export const CONNECTION_FAULTS: Readonly<Record<string, Fault>> = {
  'all lines to Temporal cut': cut(allTemporal),
  'all lines to the databases cut': cut(allDatabases),
  'a line to Temporal slowed': slowed(oneTemporal),
  'a line to a database slowed': slowed(oneDatabase),
  'a line to Temporal stalled': stalled(oneTemporal, TEMPORAL_STALLED_MS),
  'a line to a database stalled': stalled(oneDatabase, DATABASE_STALLED_MS),
  'a line to Temporal cut, when it had answered the start of a saga': async ({ all }) => {
    const held = await holdSagaStart(all.flatMap(({ temporal }) => temporal ?? []));
    if (!held) return false;
    const answered = await Promise.race([held.answered(), sleep(CATCH_TIMEOUT_MS, false)]);
    held.cut();
    return answered;
  },
};

function cut(proxies: Proxies): Fault {
  return (cluster, random) =>
    Promise.resolve(proxies(cluster, random).reduce((sum, proxy) => sum + proxy.cut(), 0) > 0);
}

/** It took effect when a message had to wait. */
function slowed(proxies: Proxies): Fault {
  return (cluster, random) =>
    causedWaits(proxies(cluster, random), async (some) => {
      for (const proxy of some) proxy.slow(SLOW_MS);
      await sleep(SLOW_FOR_MS);
      for (const proxy of some) proxy.slow(0);
    });
}

function stalled(proxies: Proxies, forMs: number): Fault {
  return (cluster, random) =>
    causedWaits(proxies(cluster, random), async (some) => {
      for (const proxy of some) proxy.stall();
      await sleep(forMs);
      for (const proxy of some) proxy.resume();
    });
}

async function causedWaits(
  proxies: readonly FaultProxy[],
  fault: (proxies: readonly FaultProxy[]) => Promise<void>,
): Promise<boolean> {
  const waited = () => proxies.reduce((sum, proxy) => sum + proxy.waited, 0);
  const before = waited();
  await fault(proxies);
  return waited() > before;
}

async function holdSagaStart(proxies: readonly FaultProxy[]): Promise<Held | undefined> {
  const ends: (() => void)[] = [];
  const held = await new Promise<Held | undefined>((resolve) => {
    let caught = false;
    const late = setTimeout(resolve, CATCH_TIMEOUT_MS, undefined);
    for (const proxy of proxies)
      ends.push(
        proxy.watch({
          asked: (request, connection) => {
            if (caught || !request.words().includes(START)) return false;
            caught = true;
            clearTimeout(late);
            resolve(connection);
            return true;
          },
          answered: () => false,
          closed: () => undefined,
        }),
      );
  });
  for (const end of ends) end();
  return held;
}
