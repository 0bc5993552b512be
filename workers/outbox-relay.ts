/**
 * The relay: publishes a service's events after their commits. Any number may run for a service; they take
 * turns at the relay's row. It may be killed at any moment: what it has not committed is published by the next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pruneEvents, publishEvents } from '../events/publish';
import type { SqlDatabase } from '../events/sql';
import type { Notifier } from '../platform/notifier';
import type { Logger } from '../platform/logger';

/** 500 events: a commit of some ten milliseconds; more would let a reader wait longer for the first. */
const BATCH = 500;

/** 1 s: for the commits of whom nobody rang, as after a process was killed. */
const SLOW_POLL_MS = 1_000;

/** 5 ms, about a small batch of another relay: it may have begun just before the commit that we were told of. */
const OTHERS_TURN_MS = 5;

/** 1 min between looks at what is old enough, then batch after batch. */
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
  stop(): Promise<void>;
}

export function startRelay(options: RelayOptions): Relay {
  const { committed } = options;
  const stopping = new AbortController();
  const running = Promise.all([publishing(options, stopping.signal), pruning(options, stopping.signal)]);
  return {
    stop: async () => {
      stopping.abort();
      committed.notify();
      await running;
    },
  };
}

async function publishing(
  { service, db, committed, logger }: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  let away = false;
  // At first and after an outage: it may be another server's database now.
  let anew = true;
  while (!signal.aborted) {
    const seen = committed.count;
    try {
      const published = await publishEvents(db, BATCH, anew);
      if (published !== undefined) anew = false;
      if (away) logger.info({ service }, 'the relay publishes again');
      away = false;
      if (published === BATCH) continue;
      await committed.wait(seen, published === undefined ? OTHERS_TURN_MS : SLOW_POLL_MS, signal);
    } catch (err) {
      if (!away) logger.warn({ service, err }, 'the relay cannot publish; it goes on trying');
      [away, anew] = [true, true];
      await sleep(SLOW_POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function pruning(
  { service, db, retentionMs, logger }: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const pruned = await pruneEvents(db, retentionMs, PRUNE_BATCH);
      if (pruned > 0) logger.info({ service, pruned }, 'old events were pruned');
      if (pruned === PRUNE_BATCH) continue;
    } catch (err) {
      logger.warn({ service, err }, 'old events could not be pruned; trying again later');
    }
    await sleep(PRUNE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
