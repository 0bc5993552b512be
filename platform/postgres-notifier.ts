/**
 * Processes notify each other through Postgres' LISTEN and NOTIFY. This only reduces latency:
 * every waiter also polls, so a lost notification causes no error.
 */
import type { Client } from 'pg';
import type { Notifier } from './notifier';
import { createClient, DATABASE_LIMITS, prepareSession } from './postgres-session';

/** 1 s: a restart of a server takes about that long. */
const RECONNECT_MS = 1_000;

export interface PostgresNotifier {
  /**
   * Notifies the listeners of `channel`. One notification is in progress at a time; one more covers all calls made
   * meanwhile. Under load this costs one statement per round trip, not one per commit.
   */
  notify(channel: string): void;
  stop(): Promise<void>;
}

/**
 * @param url direct URL of the database: a transaction pooler does not support LISTEN
 * @param notifiers by channel; each is also notified after a connect, because notifications may have been lost
 */
export function postgresNotifier(
  url: string,
  notifiers: Readonly<Record<string, Notifier>>,
): PostgresNotifier {
  let client: Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const pending = new Set<string>();
  let sending = false;

  const reconnect = (failed: Client): void => {
    if (client === failed) client = undefined;
    // Its connection is broken already: closing it may fail, and changes nothing.
    void failed.end().catch(() => undefined);
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(connect, RECONNECT_MS);
  };
  const connect = (): void => {
    const fresh = createClient(url, 'notifier', { statementMs: DATABASE_LIMITS.statementMs });
    fresh.on('error', () => {
      reconnect(fresh);
    });
    fresh.on('notification', ({ channel }) => {
      notifiers[channel]?.notify();
    });
    fresh
      .connect()
      .then(async () => {
        await prepareSession(fresh);
        for (const channel of Object.keys(notifiers))
          await fresh.query(`LISTEN ${fresh.escapeIdentifier(channel)}`);
        if (stopped) {
          await fresh.end();
          return;
        }
        client = fresh;
        for (const notifier of Object.values(notifiers)) notifier.notify();
      })
      .catch(() => {
        reconnect(fresh);
      });
  };
  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    try {
      for (const channel of pending) {
        pending.delete(channel);
        await client?.query('SELECT pg_notify($1, $2)', [channel, '']);
      }
    } catch {
      // The connection is being replaced; the listeners poll meanwhile.
    } finally {
      sending = false;
    }
    if (pending.size > 0) void send();
  };
  connect();
  return {
    notify: (channel) => {
      pending.add(channel);
      void send();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      // The process stops: a connection that cannot be closed ends with it.
      await client?.end().catch(() => undefined);
    },
  };
}
