/** The feed: the events of several services as one sequence, with one cursor. */
import {
  BadCursor,
  CursorOfLostEvents,
  CursorTooOld,
  decodeCursor,
  type LogPosition,
  type StartsAfter,
} from './cursor';
import type { EventSource } from '../domain/events';
import type { Logger } from '../platform/logger';
import { withTimeoutSignal } from '../platform/with-timeout';
import type { EventLog } from './event-log';
import type { EventFilter } from './log-query';
import { type Answered, type CompleteTo, type FeedItem, merged } from './merge';
import { sequenceOf } from './sequence';

export interface FeedPage {
  /** Each event with the cursor after it. */
  readonly items: readonly FeedItem[];
  /** The cursor after this page. */
  readonly nextCursor: string;
  /** Services that could not be read. Their events come later: the cursor stays before them. */
  readonly unavailable: readonly EventSource[];
  /**
   * By source, ISO 8601: every matching event that was committed by this time is in the pages up to this one. A source is
   * absent while it has more events to read, is unavailable, or its relay has not recorded the time.
   */
  readonly completeTo: CompleteTo;
  readonly startsAfter: StartsAfter;
  /** Resolves when there may be more events, after `timeoutMs`, or on the signal. */
  more(timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

export interface PageRequest {
  /** Undefined: from the start of the feed. */
  readonly after: string | undefined;
  readonly limit: number;
  readonly filter?: EventFilter;
  /** How long to wait for an event when there are none, milliseconds. */
  readonly waitMs: number;
  /** Ends the wait. */
  readonly over?: AbortSignal | undefined;
  /** Awaited before the feed is read again. */
  readonly turn?: () => Promise<void>;
}

/** 1 s between attempts to read an unavailable service. */
const RETRY_MS = 1_000;

/**
 * Keeps the order of publication within a service. Orders events of different services by time; their clocks may differ, so
 * nothing may depend on that order.
 */
export class EventFeed {
  readonly #unavailable = new Set<EventSource>();
  readonly #recent = new Map<string, Promise<FeedPage>>();

  /** @param freshMs readers at the same place share what one of them has read within this time, milliseconds */
  constructor(
    private readonly logs: readonly EventLog[],
    private readonly logger: Logger,
    private readonly freshMs = 0,
  ) {}

  /**
   * @param cursor undefined reads from the start of the feed
   * @throws BadCursor, CursorTooOld, CursorOfLostEvents when the feed cannot continue from the cursor
   * @throws Error of the first service, when no service could be read
   */
  read(cursor: string | undefined, limit: number, filter: EventFilter = {}): Promise<FeedPage> {
    if (this.freshMs === 0) return this.#read(cursor, limit, filter);
    const key = JSON.stringify([cursor, limit, filter.types, filter.subject]);
    const known = this.#recent.get(key);
    if (known) return known;
    const forget = (): void => {
      if (this.#recent.get(key) === shared) this.#recent.delete(key);
    };
    const shared = this.#read(cursor, limit, filter).then((page) => ({
      ...page,
      more: async (timeoutMs: number, signal?: AbortSignal) => {
        await page.more(timeoutMs, signal);
        // The next read must see why.
        forget();
      },
    }));
    this.#recent.set(key, shared);
    setTimeout(forget, this.freshMs);
    return shared;
  }

  /**
   * Reads a page, and waits for its first event.
   *
   * @throws like {@link read}
   */
  async readPage({ after, limit, filter, waitMs, over, turn }: PageRequest): Promise<FeedPage> {
    const deadline = Date.now() + waitMs;
    let page = await this.read(after, limit, filter);
    while (page.items.length === 0 && Date.now() < deadline && !over?.aborted) {
      await page.more(deadline - Date.now(), over);
      await turn?.();
      page = await this.read(page.nextCursor, limit, filter);
    }
    return page;
  }

  async #read(cursor: string | undefined, limit: number, filter: EventFilter): Promise<FeedPage> {
    const before = cursor === undefined ? {} : decodeCursor(cursor);
    const outcomes = await Promise.allSettled(
      this.logs.map((log) => this.#readLog(log, before[log.source], limit, filter)),
    );
    const answered = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    const refusal = failures.find(isRefusal);
    const startsAfter = startOf(answered);
    if (refusal instanceof CursorTooOld)
      throw new CursorTooOld(refusal.message, { ...startsAfter, ...refusal.startsAfter });
    if (refusal) throw refusal;
    if (answered.length === 0) throw failures[0];
    const available = new Set(answered.map(({ log }) => log.source));
    const unavailable = this.logs.map(({ source }) => source).filter((source) => !available.has(source));
    return {
      ...merged(before, answered, limit),
      unavailable,
      startsAfter,
      more: (timeoutMs, signal) =>
        firstOf(answered, unavailable.length > 0 ? Math.min(timeoutMs, RETRY_MS) : timeoutMs, signal),
    };
  }

  /** Logs once when a service becomes unavailable, and once when it is available again. */
  async #readLog(
    log: EventLog,
    after: LogPosition | undefined,
    limit: number,
    filter: EventFilter,
  ): Promise<Answered> {
    const { source } = log;
    try {
      const page = await log.read(after, limit, filter);
      if (this.#unavailable.delete(source))
        this.logger.info({ source }, 'the service is available again; the feed includes its events');
      return { log, page };
    } catch (err) {
      if (!isRefusal(err) && !this.#unavailable.has(source)) {
        this.#unavailable.add(source);
        this.logger.warn(
          { source, err },
          'failed to read the events of a service; the feed continues without them and retries',
        );
      }
      throw err;
    }
  }
}

/** Whether the service has rejected the cursor. */
function isRefusal(failure: unknown): failure is BadCursor | CursorTooOld | CursorOfLostEvents {
  return [BadCursor, CursorTooOld, CursorOfLostEvents].some((refusal) => failure instanceof refusal);
}

function startOf(answered: readonly Answered[]): StartsAfter {
  return Object.fromEntries(
    answered.flatMap(({ log, page }) =>
      page.startsAfter === undefined ? [] : [[log.source, sequenceOf(page.startsAfter)]],
    ),
  );
}

/** Resolves when the first log has more events, and ends the waits for the others. */
function firstOf(answered: readonly Answered[], timeoutMs: number, signal?: AbortSignal): Promise<void> {
  return withTimeoutSignal(timeoutMs, signal, (end) =>
    // After a failure the caller reads again, and that read reports the log as unavailable.
    Promise.race(answered.map(({ page }) => page.more(timeoutMs, end).catch(() => undefined))),
  );
}
