/**
 * Processes notify each other through Postgres' LISTEN and NOTIFY. It only hastens: whoever
 * waits looks by himself from time to time, so nothing depends on a notification that is lost.
 */
import { Client } from 'pg';
import type { Notifier } from './notifier';

/** 1 s: about how often a server that restarts is worth asking. */
const RECONNECT_MS = 1_000;

export interface PostgresNotifier {
  /**
   * Tells the listeners of `channel`. One notification is under way at a time, and one more stands for all
   * that were asked for meanwhile: under load this costs a statement a round trip, not one a commit.
   */
  notify(channel: string): void;
  stop(): Promise<void>;
}

/**
 * @param url of the database; a direct one, since a pooler of transactions does not carry LISTEN
 * @param notifiers each notified when its channel is, and after each connect: something may have been missed
 */
export function postgresNotifier(
  url: string,
  notifiers: Readonly<Record<string, Notifier>>,
): PostgresNotifier {
  let client: Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const asked = new Set<string>();
  let telling = false;

  const lost = (dead: Client): void => {
    if (client === dead) client = undefined;
    void dead.end().catch(() => undefined);
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(connect, RECONNECT_MS);
  };
  const connect = (): void => {
    const fresh = new Client({ connectionString: url, keepAlive: true, application_name: 'order-saga-bell' });
    fresh.on('error', () => {
      lost(fresh);
    });
    fresh.on('notification', ({ channel }) => {
      notifiers[channel]?.notify();
    });
    fresh
      .connect()
      .then(async () => {
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
        lost(fresh);
      });
  };
  const tell = async (): Promise<void> => {
    if (telling) return;
    telling = true;
    try {
      for (const channel of asked) {
        asked.delete(channel);
        await client?.query('SELECT pg_notify($1, $2)', [channel, '']);
      }
    } catch {
      // The connection is being replaced; the listeners look by themselves meanwhile.
    } finally {
      telling = false;
    }
    if (asked.size > 0) void tell();
  };
  connect();
  return {
    notify: (channel) => {
      asked.add(channel);
      void tell();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
