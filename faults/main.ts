/**
 * `npm run faults [-- --seed N] [--minutes M] [--orders N] [--kills N]`: first how soon sagas go on whose worker is
 * killed, then faults from outside, all the while that orders are
 * placed. Exit code 0 when everything held, 1 when something did not, 2 when the run proves nothing: too few faults
 * landed, or too few orders made progress.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { installTemporalRuntime } from '../platform/temporal';
import { createLogger } from '../platform/logger';
import { type Cluster, startCluster } from './cluster';
import { CREDIT_STEPS, FAULT_POINTS, inflict } from './fault-points';
import { Landed, reportOf } from './fault-report';
import { Load } from './load';
import { measureRecovery } from './recovery';
import { type Random, seededRandom, shuffled } from './random';
import { DISK_FAULTS, SERVER_FAULTS } from './server-faults';
import { verdictOf } from './verdict';

/** 64: each waits for its answer, so that groups form, and a fault finds every step under way. */
const CALLERS = 64;

/** Between two faults of one kind, so that orders make progress: 300 ms, and 4 s between those of the servers. */
const PAUSE_MS = 300;
const SERVER_PAUSE_MS = 4_000;

/** Of the faults that were tried, and orders a minute; below that the run proves nothing. */
const LANDED_AT_LEAST = 0.5;
const ORDERS_A_MINUTE_AT_LEAST = 60;

const READY_WITHIN_MS = 30_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      orders: { type: 'string', default: '0' },
      kills: { type: 'string', default: '16' },
      report: { type: 'string' },
    },
  });
  const random = seededRandom(values.seed === undefined ? undefined : Number(values.seed));
  const minutes = Number(values.minutes);
  installTemporalRuntime(createLogger('silent'));
  const cluster = await startCluster();
  try {
    const load = new Load(
      cluster.orders.map(({ url }) => url),
      random,
    );
    if (!cluster.disk) console.log('No file system can be mounted here: no disk is filled.');
    await load.begin(CALLERS);
    const recovery = await measureRecovery(cluster, Number(values.kills));
    const landed = new Landed();
    const began = Date.now();
    const before = load.acknowledged.size;
    const goesOn = () =>
      Date.now() - began < minutes * 60_000 || load.acknowledged.size - before < Number(values.orders);
    const progress = setInterval(() => {
      console.log(
        `  ${String(Math.round((Date.now() - began) / 1_000))} s: ${String(load.acknowledged.size)} orders, ${String(landed.total)} faults`,
      );
    }, 10_000);
    await Promise.all([
      faultsOfSteps(cluster, random, landed, goesOn, false),
      faultsOfSteps(cluster, random, landed, goesOn, true),
      faultsOfServers(cluster, random, landed, goesOn),
    ]);
    clearInterval(progress);
    const faultMs = Date.now() - began;
    await load.end();
    await Promise.all(cluster.all.map((each) => each.ready(READY_WITHIN_MS)));
    const verdict = await verdictOf(cluster, load.acknowledged.values());
    const proves =
      landed.total >= landed.tried * LANDED_AT_LEAST &&
      load.acknowledged.size - before >= (faultMs / 60_000) * ORDERS_A_MINUTE_AT_LEAST;
    const text = reportOf({ seed: random.seed, faultMs, before, recovery, load, landed, verdict });
    console.log(text);
    if (values.report !== undefined) writeFileSync(values.report, `${text}\n`);
    const held =
      verdict.quietAfterMs !== undefined &&
      verdict.broken.length === 0 &&
      load.strange.length === 0 &&
      Object.values(verdict.report.invariants).every(({ violated }) => violated === 0);
    if (!held) return 1;
    if (!proves) console.log('Too few faults landed, or too few orders made progress: this proves nothing.');
    return proves ? 0 : 2;
  } finally {
    await cluster.stop();
  }
}

/** Point after point, each once before any of them again. */
async function faultsOfSteps(
  { orders, customers }: Cluster,
  random: Random,
  landed: Landed,
  goesOn: () => boolean,
  ofCredit: boolean,
): Promise<void> {
  const points = FAULT_POINTS.filter(({ step }) => CREDIT_STEPS.includes(step) === ofCredit);
  while (goesOn()) {
    for (const point of shuffled(points, random)) {
      if (!goesOn()) return;
      landed.note(point, await inflict(point, ofCredit ? customers : orders));
      await sleep(PAUSE_MS);
    }
  }
}

async function faultsOfServers(
  cluster: Cluster,
  random: Random,
  landed: Landed,
  goesOn: () => boolean,
): Promise<void> {
  const faults = Object.entries({ ...SERVER_FAULTS, ...(cluster.disk && DISK_FAULTS) });
  while (goesOn()) {
    for (const [name, fault] of shuffled(faults, random)) {
      await sleep(SERVER_PAUSE_MS);
      if (!goesOn()) return;
      await fault(cluster, random);
      landed.noteServer(name);
    }
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
