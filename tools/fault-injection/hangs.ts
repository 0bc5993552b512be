/**
 * Guarantees while one dependency hangs and nothing else fails. The run checks these before the faults,
 * because a refusal under many faults can have several causes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { until } from '../local/until';
import type { ClassifiedAnswer } from './answer-kinds';
import type { Cluster } from './cluster';
import { HeldOrder } from './held-order';
import type { Load } from './load';
import type { RetryingClient } from './retrying-client';
import { runsOf } from './saga-histories';

/** 200 orders answered: the processes are warm, and what comes next is not their start. */
const WARM_ORDERS = 200;
const WARM_WITHIN_MS = 120_000;

/** 13 s: longer than a request waits for its row (10 s), so that requests time out meanwhile. */
const CUSTOMERS_HANG_MS = 13_000;

/** At most 25 s: an order that waits for its saga's start is withdrawn after 10 s, and the orders before it first. */
const TEMPORAL_HANGS_AT_MOST_MS = 25_000;

/** 60 orders at once: more than the process with narrow limits may start before they are withdrawn. */
const ORDERS_MORE = 60;

/** 5 orders that were refused as not placed. */
const NOT_PLACED_AT_LEAST = 5;

const POLL_MS = 100;

export interface Hangs {
  /** While the customer database hung: requests to place an order that were answered with it. */
  readonly taken: number;
  /** The other requests, with their answers. */
  readonly notAccepted: readonly string[];
  /** The saga that waited during both hangs. */
  readonly waited: {
    readonly ms: number;
    /** Events of its history, over all runs. */
    readonly events: number;
  };
}

/**
 * 60 events in less than a minute: the steps before, three attempts in the saga's own process, an attempt at its queue,
 * which the server repeats without events, and as many again for a worker that was slow.
 */
const WAITING_EVENTS_MAX = 60;

/** @returns the violation when the waiting saga has too many events */
export function tooManyEvents({ waited: { ms, events } }: Pick<Hangs, 'waited'>): string[] {
  if (events <= WAITING_EVENTS_MAX) return [];
  return [`a saga that waited for ${String(Math.round(ms / 1_000))} s has ${String(events)} events`];
}

export async function whileOneThingHangs(cluster: Cluster, load: Load, temporal: Client): Promise<Hangs> {
  const held = await HeldOrder.place(cluster, load.client);
  load.acknowledged.set(held.known.orderId, held.known);
  try {
    const since = performance.now();
    await until(() => load.acknowledged.size >= WARM_ORDERS, {
      everyMs: POLL_MS,
      withinMs: WARM_WITHIN_MS,
    });
    const customers = await whileCustomersHang(held, load.client);
    await whileTemporalHangs(cluster, load);
    const events = (await runsOf(temporal, held.sagaId)).flat().length;
    const ms = performance.now() - since;
    await held.release(temporal);
    return { ...customers, waited: { ms, events } };
  } finally {
    await held.end();
  }
}

/** An order needs the customer database to be decided, not to be accepted. */
async function whileCustomersHang(
  held: HeldOrder,
  client: RetryingClient,
): Promise<Pick<Hangs, 'taken' | 'notAccepted'>> {
  let taken = 0;
  const notAccepted: string[] = [];
  const isOver = client.listen(({ method, path }, classified) => {
    if (method !== 'POST' || path !== '/orders') return;
    if (classified?.kind === 'answer') taken += 1;
    else notAccepted.push(`POST /orders while the customer database hung: ${wordsOf(classified)}`);
  });
  await held.lockCustomers();
  await sleep(CUSTOMERS_HANG_MS);
  isOver();
  await held.unlockCustomers();
  return { taken, notAccepted };
}

/** An order that still waits for the start of its saga is not started. */
async function whileTemporalHangs(cluster: Cluster, load: Load): Promise<void> {
  const wake = cluster.stopTemporal();
  load.placeMore(ORDERS_MORE);
  await until(() => load.notPlaced.size >= NOT_PLACED_AT_LEAST, {
    everyMs: POLL_MS,
    withinMs: TEMPORAL_HANGS_AT_MOST_MS,
  });
  wake();
}

function wordsOf(classified: ClassifiedAnswer | undefined): string {
  if (!classified) return 'no answer';
  return classified.kind === 'come back' ? classified.problem : classified.kind;
}
