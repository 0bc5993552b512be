/** Faults of the lines to the servers, at any moment. Each says whether it was seen to take effect. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import type { FaultLine } from './fault-line';
import type { Held } from './line-connection';
import type { Random } from './random';
import type { Fault } from './server-faults';

/** 200 ms on every piece: a line across the world, with a detour; for 4 s, so that something passes. */
const SLOW_MS = 200;
const SLOW_FOR_MS = 4_000;

/** 5 s: longer than a workflow task or a credit step may take, so that others have its work when it goes on. */
const TEMPORAL_STALLED_MS = 5_000;

/** 8 s: longer than a database client waits for an answer (7 s). */
const DATABASE_STALLED_MS = 8_000;

/** 5 s: under load a saga is started many times a second. */
const CAUGHT_WITHIN_MS = 5_000;

/** What the start of a saga has in it, and no other call has. */
const START = '"creditCheckTimeoutMs"';

type Lines = (cluster: Cluster, random: Random) => readonly FaultLine[];

const ofOne =
  (lines: (cluster: Cluster) => readonly (readonly FaultLine[])[]): Lines =>
  (cluster, random) => {
    const some = lines(cluster).filter((each) => each.length > 0);
    return some[random.below(some.length)] ?? [];
  };
const allDatabases: Lines = ({ all }) => all.flatMap(({ databaseLines }) => databaseLines);
const allTemporal: Lines = ({ all }) => all.flatMap(({ temporal }) => temporal ?? []);
const oneDatabase = ofOne(({ all }) => all.map(({ databaseLines }) => databaseLines));
const oneTemporal = ofOne(({ all }) => all.map(({ temporal }) => (temporal ? [temporal] : [])));

export const LINE_FAULTS: Readonly<Record<string, Fault>> = {
  'all lines to Temporal cut': cut(allTemporal),
  'all lines to the databases cut': cut(allDatabases),
  'a line to Temporal slowed': slowed(oneTemporal),
  'a line to a database slowed': slowed(oneDatabase),
  'a line to Temporal stalled': stalled(oneTemporal, TEMPORAL_STALLED_MS),
  'a line to a database stalled': stalled(oneDatabase, DATABASE_STALLED_MS),
  'a line to Temporal cut, when it had answered the start of a saga': async ({ all }) => {
    const held = await startOfSaga(all.flatMap(({ temporal }) => temporal ?? []));
    if (!held) return false;
    const answered = await Promise.race([held.answered(), sleep(CAUGHT_WITHIN_MS, false)]);
    held.cut();
    return answered;
  },
};

function cut(lines: Lines): Fault {
  return (cluster, random) =>
    Promise.resolve(lines(cluster, random).reduce((sum, line) => sum + line.cut(), 0) > 0);
}

/** It took effect when something had to wait. */
function slowed(lines: Lines): Fault {
  return (cluster, random) =>
    waitedOn(lines(cluster, random), async (some) => {
      for (const line of some) line.slow(SLOW_MS);
      await sleep(SLOW_FOR_MS);
      for (const line of some) line.slow(0);
    });
}

function stalled(lines: Lines, forMs: number): Fault {
  return (cluster, random) =>
    waitedOn(lines(cluster, random), async (some) => {
      for (const line of some) line.stall();
      await sleep(forMs);
      for (const line of some) line.goOn();
    });
}

async function waitedOn(
  lines: readonly FaultLine[],
  fault: (lines: readonly FaultLine[]) => Promise<void>,
): Promise<boolean> {
  const waited = () => lines.reduce((sum, line) => sum + line.waited, 0);
  const before = waited();
  await fault(lines);
  return waited() > before;
}

async function startOfSaga(lines: readonly FaultLine[]): Promise<Held | undefined> {
  const ends: (() => void)[] = [];
  const held = await new Promise<Held | undefined>((resolve) => {
    let caught = false;
    const late = setTimeout(resolve, CAUGHT_WITHIN_MS, undefined);
    for (const line of lines)
      ends.push(
        line.watch({
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
