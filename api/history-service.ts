/** Composition of the order history: its database, its consumer and its route. */
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
  /** Connection pools, by database. */
  readonly pools: Readonly<Record<string, Pool>>;
  readonly routes: Pick<ApiDependencies, 'history'>;
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /**
   * Starts to follow the feed.
   *
   * @param ownUrl base URL of this process, the source of the feed unless the settings name another
   */
  follow(ownUrl: string): void;
  /** Stops following the feed. The route still answers. */
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
  const applied = new Notifier();
  historyMetrics(metrics, () => readAsOf(db));
  let consumer: RunningConsumer | undefined;
  return {
    routes: { history: { db, applied } },
    pools: { 'order history': pool },
    checks: { historyDatabase: () => db.$queryRaw`SELECT 1` },
    follow: (ownUrl) => {
      const store = historyStore(db, () => {
        applied.notify();
      });
      consumer = startConsumer({ name: 'order-history', feedUrl: feedUrl ?? ownUrl, store, logger });
    },
    stop: async () => {
      await consumer?.stop();
    },
    close: () => db.$disconnect(),
  };
}
