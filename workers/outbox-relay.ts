/**
 * The relay: publishes a service's events after their commits. A service may have any number of relays; a lock on the
 * relay's row serializes them. A relay may be killed at any moment: another one publishes what it has not committed.
 */
import { pruneEvents, publishEvents } from '../events/publish';
import type { SqlDatabase } from '../events/sql';
import type { Notifier } from '../platform/notifier';
import type { Logger } from '../platform/logger';
import { pause } from '../platform/pause';

/** 500 events: a commit of some ten milliseconds. A larger batch would delay its first event. */
const BATCH = 500;

/**
 * While commits keep coming, one statement publishes those of so long: 10 ms when they are few, 20 ms when each has the events
 * of many orders. The first after a pause is published at once.
 */
const BATCHES_APART_MS = { few: 10, many: 20 } as const;

/** 10 events: several orders, which share their commits. */
const MANY = 10;

/** 1 s: for commits without a notification, as when the process was killed before it sent one. */
const POLL_MS = 1_000;

/** 5 ms, about a small batch of another relay, which may have started just before the commit that was notified. */
const LOCK_RETRY_MS = 5;

/** 1 min between runs; a run prunes batch after batch. */
const PRUNE_EVERY_MS = 60_000;
const PRUNE_BATCH = 1_000;

export interface RelayOptions {
  readonly service: 'order' | 'customer';
  readonly db: SqlDatabase;
  /** Notified after commits that wrote events. */
  readonly committed: Notifier;
  /** How long an event stays in the feed, milliseconds. */
  readonly retentionMs: number;
  readonly logger: Logger;
}

export interface Relay {
  /** @throws the failure of its last attempt to publish */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export function startRelay(options: RelayOptions): Relay {
  const { committed } = options;
  const stopping = new AbortController();
  const state: PublishState = { failure: undefined };
  const running = Promise.all([
    publishLoop(options, state, stopping.signal),
    pruneLoop(options, stopping.signal),
  ]);
  return {
    check: () => (state.failure ? Promise.reject(state.failure) : Promise.resolve()),
    stop: async () => {
      stopping.abort();
      committed.notify();
      await running;
    },
  };
}

interface PublishState {
  /** Of the last attempt. */
  failure: Error | undefined;
}

async function publishLoop(
  { service, db, committed, logger }: RelayOptions,
  state: PublishState,
  signal: AbortSignal,
): Promise<void> {
  // After the start and after an outage the database may be on another server.
  let rescan = true;
  while (!signal.aborted) {
    const seen = committed.count;
    const began = performance.now();
    try {
      const published = await publishEvents(db, BATCH, rescan);
      if (published !== undefined) rescan = false;
      if (state.failure) logger.info({ service }, 'the relay has resumed publishing');
      state.failure = undefined;
      if (published === BATCH) continue;
      if (published) {
        const apartMs = published < MANY ? BATCHES_APART_MS.few : BATCHES_APART_MS.many;
        await pause(apartMs - (performance.now() - began), signal);
      }
      await committed.wait(seen, published === undefined ? LOCK_RETRY_MS : POLL_MS, signal);
    } catch (err) {
      if (!state.failure)
        logger.warn({ service, err }, 'the relay failed to publish events; it retries every second');
      state.failure = err instanceof Error ? err : new Error(String(err));
      rescan = true;
      await pause(POLL_MS, signal);
    }
  }
}

async function pruneLoop(
  { service, db, retentionMs, logger }: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const pruned = await pruneEvents(db, retentionMs, PRUNE_BATCH);
      if (pruned > 0) logger.info({ service, pruned }, 'pruned old events');
      if (pruned === PRUNE_BATCH) continue;
    } catch (err) {
      logger.warn({ service, err }, 'failed to prune old events; the relay retries in a minute');
    }
    await pause(PRUNE_EVERY_MS, signal);
  }
}
