/** Composition of the order history: its database, its consumer and its route. */
import type { Pool } from 'pg';
import type { EventFeed } from '../events/feed';
import { requireSetting } from '../platform/config-error';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { Notifier } from '../platform/notifier';
import { createPool, READ_LIMITS } from '../platform/postgres-session';
import { createHistoryDatabase } from '../prisma/history/client';
import { poolSql } from '../prisma/pool-sql';
import { type RunningConsumer, startConsumer } from '../projections/consumer/consumer';
import { pagesOf } from '../projections/consumer/feed-page';
import { localPages } from '../projections/order-history/local-pages';
import { readAsOf } from '../projections/order-history/read';
import { historyStore } from '../projections/order-history/store';
import type { ApiDependencies } from './app';
import { historyMetrics } from './operations/process-metrics';
import { sharedCheck } from './operations/shared-check';
import type { Readers } from './readers';
import type { OrderHistorySettings } from './service-settings';

export interface HistoryService {
  /** Connection pools, by database. */
  readonly pools: Readonly<Record<string, Pool>>;
  readonly routes: Pick<ApiDependencies, 'history'>;
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /**
   * Starts to follow the feed.
   *
   * @param ownFeed of this process, unless the settings name another one
   * @throws ConfigError when there is neither
   */
  follow(ownFeed: EventFeed | undefined): void;
  /** Stops following the feed. The route still answers. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** @param headers of the requests to a feed in another process */
export function startHistoryService(
  { databaseUrl, feedUrl }: OrderHistorySettings,
  logger: Logger,
  metrics: Metrics,
  readers: Readers,
  headers: Readonly<Record<string, string>>,
): HistoryService {
  const pool = createPool(databaseUrl, 'order-history');
  const readPool = createPool(databaseUrl, 'order-history-reads', { limits: READ_LIMITS });
  const db = createHistoryDatabase(databaseUrl, pool);
  const reads = createHistoryDatabase(databaseUrl, readPool);
  const applied = new Notifier();
  historyMetrics(metrics, () => readAsOf(reads));
  let consumer: RunningConsumer | undefined;
  return {
    routes: { history: { db: reads, applied, ...readers } },
    pools: { 'order history': pool, 'order history reads': readPool },
    checks: {
      historyDatabase: sharedCheck(() => db.$queryRaw`SELECT 1`),
      historyFeed: async () => consumer?.check(),
    },
    follow: (ownFeed) => {
      const readPage =
        feedUrl === undefined && ownFeed
          ? localPages(ownFeed)
          : pagesOf(requireSetting('EVENT_FEED_URL', feedUrl), headers);
      const store = historyStore(
        db,
        () => {
          applied.notify();
        },
        poolSql(pool),
      );
      consumer = startConsumer({ name: 'order-history', readPage, store, logger });
    },
    stop: async () => {
      await consumer?.stop();
    },
    close: async () => {
      await Promise.all([db.$disconnect(), reads.$disconnect()]);
    },
  };
}
