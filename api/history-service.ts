/** Composition of the order history: its database, the consumer that fills it, and its route. */
import type { Pool } from 'pg';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { Notifier } from '../platform/notifier';
import { createPool } from '../platform/postgres-session';
import { createHistoryDatabase } from '../prisma/history/client';
import { type RunningConsumer, startConsumer } from '../projections/consumer/consumer';
import { readAsOf } from '../projections/order-history/read';
import { historyStore } from '../projections/order-history/store';
import type { ApiDependencies } from './app';
import { historyMetrics } from './operations/process-metrics';
import type { OrderHistorySettings } from './service-settings';

export interface HistoryService {
  /** Of connections, by database. */
  readonly pools: Readonly<Record<string, Pool>>;
  readonly routes: Pick<ApiDependencies, 'history'>;
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /**
   * Begins to follow the feed.
   *
   * @param ownUrl base URL of this process, whose feed it is unless the settings name another
   */
  follow(ownUrl: string): void;
  /** Ends following; the route still answers. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export function startHistoryService(
  { databaseUrl, feedUrl }: OrderHistorySettings,
  logger: Logger,
  metrics: Metrics,
): HistoryService {
  const pool = createPool(databaseUrl, 'order-history');
  const db = createHistoryDatabase(databaseUrl, pool);
  const followed = new Notifier();
  historyMetrics(metrics, () => readAsOf(db));
  let consumer: RunningConsumer | undefined;
  return {
    routes: { history: { db, followed } },
    pools: { 'order history': pool },
    checks: {
      historyDatabase: () => db.$queryRaw`SELECT 1`,
      historyFeed: async () => consumer?.check(),
    },
    follow: (ownUrl) => {
      const store = historyStore(db, () => {
        followed.notify();
      });
      consumer = startConsumer({ name: 'order-history', feedUrl: feedUrl ?? ownUrl, store, logger });
    },
    stop: async () => {
      await consumer?.stop();
    },
    close: () => db.$disconnect(),
  };
}
