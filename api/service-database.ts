/** The database of the order or the customer service: its pool, its client, its outbox and its event log. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Pool } from 'pg';
import type { EventBase } from '../events/base-uri';
import { databaseLog, type EventLog } from '../events/event-log';
import type { SqlDatabase } from '../events/sql';
import type { Logger } from '../platform/logger';
import { createPool, READ_LIMITS } from '../platform/postgres-session';
import { poolSql } from '../prisma/pool-sql';
import { type ServiceOutbox, serviceOutbox } from '../workers/service-outbox';
import type { OutboxSettings } from './service-settings';

export interface ServiceDatabase<Db> {
  readonly db: Db;
  /** For lists and the feed, with connections of its own. */
  readonly reads: Db;
  /** Connection pools, by name. */
  readonly pools: Readonly<Record<string, Pool>>;
  readonly outbox: ServiceOutbox;
  readonly log: EventLog;
  /** Rejects when the database does not answer. */
  readonly check: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export function openDatabase<Db extends SqlDatabase & { $disconnect(): Promise<void> }>(
  service: 'order' | 'customer',
  url: string,
  createClient: (url: string, pool: Pool) => Db,
  {
    logger,
    eventBase,
    ...outboxSettings
  }: OutboxSettings & { readonly logger: Logger; readonly eventBase: () => EventBase },
): ServiceDatabase<Db> {
  const pool = createPool(url, `${service}-service`);
  const readPool = createPool(url, `${service}-service-reads`, { limits: READ_LIMITS });
  const [db, reads] = [createClient(url, pool), createClient(url, readPool)];
  const outbox = serviceOutbox({ service, db: poolSql(pool), url, ...outboxSettings, logger });
  return {
    db,
    reads,
    pools: { [service]: pool, [`${service} reads`]: readPool },
    outbox,
    log: databaseLog(`/${service}-service`, poolSql(readPool), outbox.published, eventBase),
    check: async () => db.$queryRaw(sql`SELECT 1`),
    close: async () => {
      await Promise.all([db.$disconnect(), reads.$disconnect()]);
    },
  };
}
