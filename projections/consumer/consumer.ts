/**
 * Reads the feed. Delivery is at least once; the effect is exactly once, because one transaction applies a page and moves
 * the checkpoint. Any number of processes may run one consumer: a process that finds the checkpoint moved continues from
 * there.
 */
import type { Logger } from '../../platform/logger';
import { pause } from '../../platform/pause';
import {
  type FeedPage,
  FeedStartsLater,
  FeedWentBack,
  PAGE_EVENTS,
  type ReadPage,
  type Received,
} from './feed-page';

/** 1 s between attempts while the feed or the consumer's database is unavailable. */
const RETRY_MS = 1_000;

/**
 * 150 ms: while events keep coming, one page has those of so long. With the relay's 20 ms and the page itself, the view lags
 * less than 250 ms. The first event after a pause is applied at once.
 */
const PAGES_APART_MS = 150;

/** The part that each consumer implements: its checkpoint, and the effects of events. */
export interface ConsumerStore {
  /** @returns the cursor to continue from; null before the first page */
  checkpoint(): Promise<string | null>;
  /**
   * Applies the new events of a page and moves the checkpoint, in one transaction.
   *
   * @param after the checkpoint that the page was read from
   * @param poison events of the page to store as dead letters, each with its reason, without effect, in the same transaction
   * @returns false when another process has moved the checkpoint; nothing was changed then
   * @throws PoisonEvent when another event of the page cannot be applied; nothing was changed then
   */
  applyPage(after: string | null, page: FeedPage, poison: readonly PoisonEvent[]): Promise<boolean>;
  /**
   * Begins the recovery after a service has lost events before the checkpoint. The consumer reads the feed from its start
   * again, and removes the effects of events that do not come again although the feed reaches back that far.
   *
   * @param from the checkpoint; does nothing when another process has moved it
   */
  restart(from: string | null): Promise<void>;
  /**
   * Moves the checkpoint to the start of the feed, after events were pruned that the consumer has not received. The consumer
   * records that it is incomplete.
   *
   * @param from the checkpoint; does nothing when another process has moved it
   * @param startsAfter by service: the sequence up to which its events were pruned
   */
  startLater(from: string | null, startsAfter: FeedPage['startsAfter']): Promise<void>;
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
  readonly readPage: ReadPage;
  readonly store: ConsumerStore;
  readonly logger: Logger;
}

export interface RunningConsumer {
  /** @throws the failure of its last attempt to read the feed */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export function startConsumer(options: ConsumerOptions): RunningConsumer {
  const stopping = new AbortController();
  const state: FollowState = { failure: undefined };
  const running = follow(options, state, stopping.signal);
  return {
    check: () => (state.failure ? Promise.reject(state.failure) : Promise.resolve()),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

interface FollowState {
  /** Of the last attempt. */
  failure: Error | undefined;
}

async function follow(
  { name, readPage, store, logger }: ConsumerOptions,
  state: FollowState,
  signal: AbortSignal,
): Promise<void> {
  const stopping = () => signal.aborted;
  const pageAfter = (after: string | null) =>
    // After a failure, an answer without a wait shows that the feed is available again.
    readPage(after, signal, state.failure && 0).catch(async (err: unknown) => {
      if (err instanceof FeedStartsLater) {
        logger.error(
          { consumer: name, err },
          'events were pruned before the consumer has read them; it continues where the feed starts, and is incomplete',
        );
        await store.startLater(after, err.startsAfter);
        return undefined;
      }
      if (!(err instanceof FeedWentBack)) throw err;
      logger.error(
        { consumer: name, err },
        'a service has lost events; the consumer reads the feed from its start and removes their effects',
      );
      await store.restart(after);
      return undefined;
    });
  while (!stopping()) {
    try {
      const after = await store.checkpoint();
      const page = await pageAfter(after);
      const began = performance.now();
      if (page) await applyPage(store, after, page, logger);
      if (state.failure) logger.info({ consumer: name }, 'the consumer has resumed reading the feed');
      state.failure = undefined;
      const events = page?.items.length ?? 0;
      if (events > 0 && events < PAGE_EVENTS)
        await pause(PAGES_APART_MS - (performance.now() - began), signal);
    } catch (err) {
      if (!state.failure && !stopping())
        logger.warn({ consumer: name, err }, 'the consumer failed to read the feed; it retries every second');
      state.failure = err instanceof Error ? err : new Error(String(err));
      await pause(RETRY_MS, signal);
    }
  }
}

async function applyPage(
  store: ConsumerStore,
  after: string | null,
  page: FeedPage,
  logger: Logger,
): Promise<void> {
  const poison: PoisonEvent[] = [];
  for (;;) {
    try {
      await store.applyPage(after, page, poison);
      for (const err of poison)
        logger.error({ err }, 'an event was stored as a dead letter: it has no effect');
      return;
    } catch (error) {
      if (!(error instanceof PoisonEvent)) throw error;
      poison.push(error);
    }
  }
}
