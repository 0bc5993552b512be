/** The feed: the events of several services as one sequence, with one cursor. */
import {
  BadCursor,
  CursorOfLostEvents,
  CursorTooOld,
  decodeCursor,
  encodeCursor,
  type LogPosition,
  type Positions,
  type StartsAfter,
} from './cursor';
import type { EventSource } from '../domain/events';
import type { Logger } from '../platform/logger';
import { withTimeoutSignal } from '../platform/with-timeout';
import type { CloudEvent } from './cloud-event';
import type { EventFilter, EventLog, LogPage } from './event-log';

export interface FeedPage {
  /** Each with the cursor that reads on after it. */
  readonly items: readonly FeedItem[];
  /** Reads on after this page. */
  readonly nextCursor: string;
  /** Services that could not be asked; their events come later, none is lost: the cursor stays before them. */
  readonly unavailable: readonly EventSource[];
  /**
   * By source, ISO 8601: everything of it that matches and had been committed by then is in the pages up to this one.
   * A source is absent while it has more to read, cannot be asked, or its relay has not said.
   */
  readonly completeTo: CompleteTo;
  readonly startsAfter: StartsAfter;
  /** Resolves when there may be more, or when the time is over, or at the signal. */
  more(timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

type CompleteTo = Readonly<Partial<Record<EventSource, string>>>;

export interface FeedItem {
  readonly event: CloudEvent;
  readonly cursor: string;
}

/** 1 s: how soon a service that was away is asked again. */
const ASK_AGAIN_MS = 1_000;

interface Answered {
  readonly log: EventLog;
  readonly page: LogPage;
}

/**
 * The order of one service's events is the order in which they were published; between services it is by
 * time, as far as their clocks agree, and nothing may depend on it.
 */
export class EventFeed {
  readonly #away = new Set<EventSource>();

  constructor(
    private readonly logs: readonly EventLog[],
    private readonly logger: Logger,
  ) {}

  /**
   * @param cursor undefined reads from where the feed starts
   * @throws BadCursor, CursorTooOld, CursorOfLostEvents
   * @throws Error what failed, when no service could be asked
   */
  async read(cursor: string | undefined, limit: number, filter: EventFilter = {}): Promise<FeedPage> {
    const before = cursor === undefined ? {} : decodeCursor(cursor);
    const asked = await Promise.allSettled(
      this.logs.map((log) => this.#ask(log, before[log.source], limit, filter)),
    );
    const answered = asked.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failures = asked.flatMap((outcome) =>
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
        firstOf(answered, unavailable.length > 0 ? Math.min(timeoutMs, ASK_AGAIN_MS) : timeoutMs, signal),
    };
  }

  /** Logs once when a service can no longer be asked, and once when it can again. */
  async #ask(
    log: EventLog,
    after: LogPosition | undefined,
    limit: number,
    filter: EventFilter,
  ): Promise<Answered> {
    const { source } = log;
    try {
      const page = await log.read(after, limit, filter);
      if (this.#away.delete(source))
        this.logger.info({ source }, 'the events of a service can be read again');
      return { log, page };
    } catch (err) {
      if (!isRefusal(err) && !this.#away.has(source)) {
        this.#away.add(source);
        this.logger.warn({ source, err }, 'the events of a service cannot be read; the feed goes on without');
      }
      throw err;
    }
  }
}

/** The service has answered: there is no such place to read on from. */
function isRefusal(failure: unknown): failure is BadCursor | CursorTooOld | CursorOfLostEvents {
  return [BadCursor, CursorTooOld, CursorOfLostEvents].some((refusal) => failure instanceof refusal);
}

/** Takes the earliest of the logs' next events, again and again; never changes the order of one log. */
function merged(before: Positions, answered: readonly Answered[], limit: number) {
  let positions = before;
  const items: FeedItem[] = [];
  const queues = answered.map(({ log, page }) => ({ source: log.source, page, left: [...page.events] }));
  while (items.length < limit) {
    const heads = queues.flatMap((queue) => (queue.left[0] ? [{ ...queue, head: queue.left[0] }] : []));
    const [first, ...others] = heads;
    if (!first) break;
    const { source, left, page, head } = others.reduce(
      (one, other) => (other.head.time < one.head.time ? other : one),
      first,
    );
    left.shift();
    positions = {
      ...positions,
      [source]: { ...page.end, position: BigInt(head.position), eventId: head.id },
    };
    items.push({ event: head, cursor: encodeCursor(positions) });
  }
  let completeTo: CompleteTo = {};
  for (const { source, page, left } of queues) {
    if (left.length > 0) continue;
    positions = { ...positions, [source]: page.end };
    if (page.completeTo) completeTo = { ...completeTo, [source]: page.completeTo.toISOString() };
  }
  return { items, nextCursor: encodeCursor(positions), completeTo };
}

function startOf(answered: readonly Answered[]): StartsAfter {
  return Object.fromEntries(
    answered.flatMap(({ log, page }) =>
      page.startsAfter === undefined ? [] : [[log.source, String(page.startsAfter)]],
    ),
  );
}

/** Resolves when the first log has more events; the waits for the others end then. */
function firstOf(answered: readonly Answered[], timeoutMs: number, signal?: AbortSignal): Promise<void> {
  return withTimeoutSignal(timeoutMs, signal, (over) =>
    // A log that fails is read again at once, and that read reports it as unavailable.
    Promise.race(answered.map(({ page }) => page.more(timeoutMs, over).catch(() => undefined))),
  );
}
