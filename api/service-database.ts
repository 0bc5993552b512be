/** The database of the order or the customer service: its pool, its client, its outbox and its event log. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Pool } from 'pg';
import type { EventBase } from '../events/base-uri';
import { databaseLog, type EventLog } from '../events/event-log';
import type { SqlDatabase } from '../events/sql';
import type { Logger } from '../platform/logger';
import { createPool } from '../platform/postgres-session';
import { type ServiceOutbox, serviceOutbox } from '../workers/service-outbox';
import type { OutboxSettings } from './service-settings';

export interface ServiceDatabase<Db> {
  readonly db: Db;
  readonly pool: Pool;
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
  const db = createClient(url, pool);
  const outbox = serviceOutbox({ service, db, url, ...outboxSettings, logger });
  return {
    db,
    pool,
    outbox,
    log: databaseLog(`/${service}-service`, db, outbox.published, eventBase),
    check: async () => db.$queryRaw(sql`SELECT 1`),
    close: () => db.$disconnect(),
  };
}
