/** The outbox of a service in one process: notifies the relay of commits, listens for publications, and may run the relay. */
import { COMMITTED_CHANNEL, PUBLISHED_CHANNEL, type SqlDatabase } from '../events/sql';
import { Notifier } from '../platform/notifier';
import type { Logger } from '../platform/logger';
import { postgresNotifier } from '../platform/postgres-notifier';
import { startRelay } from './outbox-relay';

export interface ServiceOutboxOptions {
  readonly service: 'order' | 'customer';
  readonly db: SqlDatabase;
  /** URL of the same database, for the connection that listens. */
  readonly url: string;
  readonly relaysHere: boolean;
  /** How long an event stays in the feed, milliseconds. */
  readonly retentionMs: number;
  readonly logger: Logger;
}

export interface ServiceOutbox {
  /** Notified when events have been published. */
  readonly published: Notifier;
  /** To be called after each commit that may have written events; does not delay the caller. */
  readonly onCommit: () => void;
  /** Set where this process runs the relay; rejects while it cannot publish. */
  readonly checkRelay: (() => Promise<void>) | undefined;
  stop(): Promise<void>;
}

export function serviceOutbox({ url, relaysHere, ...options }: ServiceOutboxOptions): ServiceOutbox {
  const [committed, published] = [new Notifier(), new Notifier()];
  const notifiers = { [PUBLISHED_CHANNEL]: published, ...(relaysHere && { [COMMITTED_CHANNEL]: committed }) };
  const notifier = postgresNotifier(url, notifiers);
  const relay = relaysHere ? startRelay({ ...options, committed }) : undefined;
  return {
    published,
    onCommit: () => {
      if (relaysHere) committed.notify();
      else notifier.notify(COMMITTED_CHANNEL);
    },
    checkRelay: relay && (() => relay.check()),
    stop: async () => {
      await relay?.stop();
      await notifier.stop();
    },
  };
}
