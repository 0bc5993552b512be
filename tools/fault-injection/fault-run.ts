/**
 * One run: load on one placement of the product; one thing hangs while nothing else fails; workers are killed; then faults
 * of every kind; then the final checks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { withClient } from '../../platform/postgres-session';
import { connectTemporal } from '../../platform/temporal';
import type { Placement } from '../../saga/contract';
import { ROOT } from '../../platform/project-paths';
import { type Cluster, type ClusterOptions, startCluster } from './cluster';
import { CONNECTION_FAULTS } from './connection-faults';
import { FAULT_POINTS, type FaultPoint, inflict } from './fault-points';
import { FaultTally } from './fault-tally';
import { runFinalChecks } from './final-checks';
import { whileOneThingHangs } from './hangs';
import { Load } from './load';
import { MACHINE_FAULTS } from './machine-faults';
import type { ManagedProcess } from './managed-process';
import { Memory } from './memory-usage';
import { OrderCompletion } from './order-completion';
import { type Aims, neverHit, type RunFacts } from './pass-criteria';
import { processFaults } from './process-faults';
import type { Random } from './random';
import { measureRecovery } from './recovery';
import { RetryingClient } from './retrying-client';
import { DISK_FAULTS, type Fault, SERVER_FAULTS } from './server-faults';
import { CREDIT_STEPS } from './step-recognition';

/** 40: each waits for its answer, so that groups form and each step is always in progress. */
const CALLERS = 40;

/** Between two faults of one kind, so that orders make progress: 300 ms, and 3 s between those of the servers. */
const PAUSE_MS = 300;
const OTHER_PAUSE_MS = 3_000;

const PROGRESS_EVERY_MS = 10_000;

export interface RunOptions extends ClusterOptions {
  readonly minutes: number;
  readonly orders: number;
  readonly kills: number;
  /** Time allowed from the last fault until everything has recovered, milliseconds. */
  readonly withinMs: number;
  /** How much longer the run continues when faults are missing, milliseconds. */
  readonly longerMs: number;
  /** Whether the run must hit every fault. */
  readonly long: boolean;
}

export interface FaultRun extends RunFacts {
  readonly placement: Placement;
  readonly seed: number;
  /** Orders during the faults. */
  readonly acknowledged: number;
  readonly load: Load;
  readonly landed: FaultTally;
}

export async function faultRun(options: RunOptions, random: Random): Promise<FaultRun> {
  const cluster = await startCluster(options);
  const { client, connection } = await connectTemporal(cluster.temporal);
  const memory = new Memory();
  try {
    if (!cluster.disk)
      console.log('This process may not mount a file system: the run skips the faults of a full disk.');
    const load = new Load(new RetryingClient(cluster.urls, random), random);
    memory.begin(cluster.all);
    await load.begin(CALLERS);
    const hangs = await whileOneThingHangs(cluster, load, client);
    const recovery = await measureRecovery(cluster, options.kills, client);
    const before = { acknowledged: load.acknowledged.size, done: await ordersDone(cluster) };
    const faults = new Faults(cluster, random, options, load, client);
    const faultMs = await faults.inflictAll();
    const lastFaultAt = performance.now();
    const acknowledged = load.acknowledged.size - before.acknowledged;
    const done = (await ordersDone(cluster)) - before.done;
    const finalChecks = await runFinalChecks(cluster, load, client, {
      lastFaultAt,
      withinMs: options.withinMs,
    });
    return {
      placement: options.placement,
      seed: random.seed,
      faultMs,
      acknowledged,
      done,
      disconnected: load.disconnected,
      notPlaced: load.notPlaced.size,
      readsAfterCancel: load.readsAfterCancel,
      load,
      landed: faults.landed,
      aims: faults.aims,
      hangs,
      recovery,
      finalChecks,
      invalid: load.client.invalid.map((words) => withCause(words, cluster.all)),
      memory: await memory.end(),
    };
  } finally {
    await memory.end();
    await connection.close();
    await cluster.stop();
  }
}

class Faults {
  readonly landed = new FaultTally();
  readonly #began = performance.now();
  readonly #acknowledgedBefore: number;
  readonly #lanes: readonly (() => Promise<void>)[];
  readonly aims: Aims;
  readonly #completion: OrderCompletion;

  constructor(
    cluster: Cluster,
    private readonly random: Random,
    private readonly options: RunOptions,
    private readonly load: Load,
    client: Client,
  ) {
    this.#acknowledgedBefore = load.acknowledged.size;
    this.#completion = new OrderCompletion(cluster, client);
    const ofServers = {
      ...SERVER_FAULTS,
      ...CONNECTION_FAULTS,
      ...(cluster.disk && DISK_FAULTS),
      ...(options.long && MACHINE_FAULTS),
    };
    const ofProcesses = processFaults(cluster);
    this.aims = {
      long: options.long,
      services: cluster.services.map(({ name }) => name),
      otherFaults: [...Object.keys(ofServers), ...Object.keys(ofProcesses)],
    };
    const [ofCredit, ofOrders] = [true, false].map((credit) =>
      FAULT_POINTS.filter(({ step }) => CREDIT_STEPS.includes(step) === credit),
    );
    // Colocated processes run every step. Faults are sequential there, so that another process can take over.
    const ofSteps =
      cluster.placement === 'colocated'
        ? [() => this.#atSteps(FAULT_POINTS, cluster.services)]
        : [
            () => this.#atSteps(ofOrders ?? [], cluster.orderSteps),
            () => this.#atSteps(ofCredit ?? [], cluster.creditSteps),
          ];
    this.#lanes = [
      ...ofSteps,
      () => this.#anywhere(ofServers, cluster),
      () => this.#anywhere(ofProcesses, cluster),
    ];
  }

  /** @returns how long they took, milliseconds */
  async inflictAll(): Promise<number> {
    const progress = setInterval(() => {
      const { size } = this.load.acknowledged;
      console.log(
        `  ${String(Math.round(this.#elapsedMs() / 1_000))} s: ${String(size - this.#acknowledgedBefore)} orders, ${String(this.landed.hit)} faults`,
      );
    }, PROGRESS_EVERY_MS);
    try {
      await Promise.all(this.#lanes.map((lane) => lane()));
      return this.#elapsedMs();
    } finally {
      clearInterval(progress);
      await this.#completion.stop();
    }
  }

  #elapsedMs(): number {
    return performance.now() - this.#began;
  }

  #continues(): boolean {
    const { minutes, orders, longerMs } = this.options;
    const elapsed = this.#elapsedMs();
    const asked = minutes * 60_000;
    if (elapsed < asked) return true;
    if (elapsed > asked + longerMs) return false;
    return (
      this.load.acknowledged.size - this.#acknowledgedBefore < orders ||
      neverHit(this.aims, this.landed).length > 0
    );
  }

  /** Next comes the place tried least, so every place is tried before any is repeated. */
  async #atSteps(points: readonly FaultPoint[], processes: readonly ManagedProcess[]): Promise<void> {
    /** A stalled connection does not block the next fault. */
    const stalls: Promise<void>[] = [];
    while (this.#continues()) {
      const point = this.landed.nextPoint(points, this.random);
      if (!point) return;
      const caught = await inflict(point, processes, (orderIds) => this.#completion.reached(orderIds));
      const over = caught?.over.then((hit) => {
        this.landed.note(point, hit);
      });
      if (!caught) this.landed.note(point, undefined);
      else if (over && point.fault === 'connection stalled') stalls.push(over);
      else await over;
      await sleep(PAUSE_MS);
    }
    await Promise.all(stalls);
  }

  async #anywhere(faults: Readonly<Record<string, Fault>>, cluster: Cluster): Promise<void> {
    while (this.#continues()) {
      const name = this.landed.nextOther(Object.keys(faults), this.random);
      const fault = name === undefined ? undefined : faults[name];
      if (name === undefined || !fault) return;
      await sleep(OTHER_PAUSE_MS);
      if (this.#continues()) this.landed.noteOther(name, await fault(cluster, this.random));
    }
  }
}

/** 400 characters: the error and where it came from. */
const CAUSE_MAX = 400;

/**
 * Appends the error that a process logged for the request. A process that only forwarded the answer logs its
 * status.
 */
function withCause(words: string, processes: readonly ManagedProcess[]): string {
  const id = /"requestId":"([^"]+)"/.exec(words)?.[1];
  if (id === undefined) return words;
  for (const process of processes) {
    for (const line of process.about(id)) {
      const error = /"err":(.*)/.exec(line)?.[1];
      if (error !== undefined && !error.includes('failed with status code'))
        return `${words}\n  ${process.name}: ${error.replaceAll(`${ROOT}/`, '').slice(0, CAUSE_MAX)}`;
    }
  }
  return words;
}

async function ordersDone(cluster: Cluster): Promise<number> {
  const { rows } = await withClient(cluster.adminUrlOf('order'), 'fault suite', (client) =>
    client.query<{ done: string }>(
      `SELECT count(*) AS done FROM orders WHERE state IN ('APPROVED', 'CANCELLED')`,
    ),
  );
  return Number(rows[0]?.done);
}
