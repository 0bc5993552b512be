/**
 * Follows the feed: at-least-once delivery becomes exactly-once effect, because a page's effects and the
 * checkpoint after it are one transaction. Any number of processes may follow for one consumer: whoever comes
 * second finds the checkpoint moved, and reads on from there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../platform/logger';
import { type FeedPage, FeedWentBack, nextPage, type Received } from './feed-page';

/** 1 s between attempts while the feed or the consumer's database is away. */
const RETRY_MS = 1_000;

/** The consumer's own part: where its checkpoint is, and what an event does. */
export interface ConsumerStore {
  /** @returns the cursor to read on from; null at first */
  checkpoint(): Promise<string | null>;
  /**
   * Takes a page in, in one transaction: the effects of those events that are new, and the checkpoint.
   *
   * @param after the checkpoint that the page was read from
   * @param poison events of the page that have no effect: they are kept where people see them, with the reason, in
   *   the same transaction, so that nobody sees one of them who does not see what came before it
   * @returns false when another process has moved the checkpoint; nothing was changed then
   * @throws PoisonEvent when one more event of the page cannot be taken in; nothing was changed then
   */
  takeIn(after: string | null, page: FeedPage, poison: readonly PoisonEvent[]): Promise<boolean>;
  /**
   * Events before the checkpoint are lost to their service, and their effects are to be undone: what has come is taken in
   * from the start of the feed again, and what does not come again, though the feed goes back that far, is dropped.
   *
   * @param from the checkpoint; another process may have moved it, and then there is nothing to do
   */
  startAgain(from: string | null): Promise<void>;
}

export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';

  constructor(
    readonly event: Received,
    readonly reason: string,
  ) {
    super(`event ${event.source} ${event.id} (${event.type}): ${reason}`);
  }
}

export interface ConsumerOptions {
  /** For the log. */
  readonly name: string;
  /** Base URL of the API whose `/events` is followed. */
  readonly feedUrl: string;
  readonly store: ConsumerStore;
  readonly logger: Logger;
}

export interface RunningConsumer {
  stop(): Promise<void>;
}

export function startConsumer(options: ConsumerOptions): RunningConsumer {
  const stopping = new AbortController();
  const running = follow(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function follow({ name, feedUrl, store, logger }: ConsumerOptions, signal: AbortSignal): Promise<void> {
  let away = false;
  const stopping = () => signal.aborted;
  const pageAfter = (after: string | null) =>
    nextPage(feedUrl, after, signal).catch(async (err: unknown) => {
      if (!(err instanceof FeedWentBack)) throw err;
      logger.error(
        { consumer: name, err },
        'the feed went back; following it from the start, to drop what is lost',
      );
      await store.startAgain(after);
      return undefined;
    });
  while (!stopping()) {
    try {
      const after = await store.checkpoint();
      const page = await pageAfter(after);
      if (page) await takeIn(store, after, page, logger);
      if (away) logger.info({ consumer: name }, 'following again');
      away = false;
    } catch (err) {
      if (!away && !stopping()) logger.warn({ consumer: name, err }, 'cannot follow the feed; trying again');
      away = true;
      // The stop signal ends the pause, and then the loop.
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function takeIn(
  store: ConsumerStore,
  after: string | null,
  page: FeedPage,
  logger: Logger,
): Promise<void> {
  const poison: PoisonEvent[] = [];
  for (;;) {
    try {
      await store.takeIn(after, page, poison);
      for (const err of poison) logger.error({ err }, 'an event was set aside');
      return;
    } catch (error) {
      if (!(error instanceof PoisonEvent)) throw error;
      poison.push(error);
    }
  }
}
