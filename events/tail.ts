/**
 * The last events of a service, in memory: read once for all readers of a process. Readers at the end of the feed, which are
 * nearly all, cost no statement, and one wait of the process stands for all their waits.
 */
import { Notifier } from '../platform/notifier';
import { pause } from '../platform/pause';
import type { CloudEvent } from './cloud-event';
import type { LogPosition } from './cursor';
import type { EventLog, LogPage } from './event-log';
import type { EventFilter } from './log-query';

export interface TailLimits {
  /** Events in memory. Readers before them read the log itself. */
  readonly eventsMax: number;
  /** Readers share what was read within this time, milliseconds. */
  readonly freshMs: number;
  /** While events keep coming, the readers that wait are notified at most this often. */
  readonly pauses: {
    /** Milliseconds for each of them. */
    readonly eachReaderMs: number;
    /** However many wait, milliseconds. */
    readonly longestMs: number;
  };
}

/** 1 s: how old the tail may be while it waits for a notification, which may be lost. */
const FOLLOWED_FRESH_MS = 1_000;

/** 500 events, about 300 KB, in one read. */
const READ_MAX = 500;

/** 15 s: after it the tail reads the log again, also without a notification. */
const WAIT_MS = 15_000;

/** All events after `start`, up to the end of `page`. */
interface Window {
  readonly start: LogPosition;
  readonly events: readonly CloudEvent[];
  /** The read that reached the end of the log. */
  readonly page: LogPage;
  readonly readAt: number;
}

export class Tail implements EventLog {
  #window: Window | undefined;
  #reading: Promise<void> | undefined;
  /** Notified when there are new events, and when the log could not be read. */
  readonly #changed = new Notifier();
  #waiting = 0;
  #following = new AbortController();

  constructor(
    private readonly log: EventLog,
    private readonly limits: TailLimits,
  ) {}

  get source() {
    return this.log.source;
  }

  async read(after: LogPosition | undefined, limit: number, filter: EventFilter): Promise<LogPage> {
    const freshMs =
      this.#waiting > 0 ? Math.max(FOLLOWED_FRESH_MS, this.limits.freshMs) : this.limits.freshMs;
    if (this.#window && performance.now() - this.#window.readAt >= freshMs) await this.#readOn();
    const page = after && this.#window && this.#fromMemory(this.#window, after, limit, filter);
    if (page) return page;
    const read = await this.log.read(after, limit, filter);
    const isAtEnd = read.events.length < limit;
    if (isAtEnd) this.#window ??= { start: read.end, events: [], page: read, readAt: performance.now() };
    return read;
  }

  /** @returns undefined when the position is not in memory; only the log can check it */
  #fromMemory(
    { start, events, page }: Window,
    after: LogPosition,
    limit: number,
    filter: EventFilter,
  ): LogPage | undefined {
    const { feedId, position } = page.end;
    if (after.feedId !== feedId || after.position < start.position || after.position > position)
      return undefined;
    const index = countUpTo(events, after.position);
    const previous = events[index - 1];
    const known = previous
      ? { position: positionOf(previous), eventId: previous.id }
      : { position: start.position, eventId: start.eventId };
    if (after.position !== known.position || after.eventId !== known.eventId) return undefined;
    const seen = this.#changed.count;
    const found: CloudEvent[] = [];
    for (const event of events.slice(index)) {
      if (found.length === limit) break;
      if (matches(event, filter)) found.push(event);
    }
    const last = found.length === limit ? found.at(-1) : undefined;
    return {
      events: found,
      end: last ? { feedId, position: positionOf(last), eventId: last.id } : page.end,
      completeTo: last ? undefined : page.completeTo,
      startsAfter: page.startsAfter,
      more: (timeoutMs, signal) => this.#more(seen, timeoutMs, signal),
    };
  }

  /** One read at a time, for all that want one. */
  #readOn(): Promise<void> {
    this.#reading ??= this.#readToEnd().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readToEnd(): Promise<void> {
    if (!this.#window) return;
    try {
      let { start, events, page } = this.#window;
      const before = page.end.position;
      do {
        page = await this.log.read(page.end, READ_MAX, {});
        events = [...events, ...page.events];
        const excess = events.length - this.limits.eventsMax;
        const last = events[excess - 1];
        if (last) {
          start = { ...start, position: positionOf(last), eventId: last.id };
          events = events.slice(excess);
        }
      } while (page.events.length === READ_MAX);
      this.#window = { start, events, page, readAt: performance.now() };
      if (page.end.position !== before) this.#changed.notify();
    } catch {
      // Each reader asks the log, and reports its error: the service is unavailable, or the events are lost.
      this.#window = undefined;
      this.#changed.notify();
    }
  }

  async #more(seen: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#startFollowing();
    await this.#changed.wait(seen, timeoutMs, signal);
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#following.abort();
  }

  #startFollowing(): void {
    this.#following = new AbortController();
    void this.#follow(this.#following.signal);
  }

  /** Waits for the log, as long as any reader waits. */
  async #follow(ended: AbortSignal): Promise<void> {
    while (!ended.aborted && this.#window) {
      // A failure of the wait is a failure of the next read.
      await this.#window.page.more(WAIT_MS, ended).catch(() => undefined);
      const { eachReaderMs, longestMs } = this.limits.pauses;
      const pauseMs = Math.min(this.#waiting * eachReaderMs, longestMs);
      await pause(this.#window.readAt + pauseMs - performance.now(), ended);
      await this.#readOn();
    }
  }
}

function positionOf({ sequence }: CloudEvent): bigint {
  return BigInt(sequence);
}

/** @returns how many of the events, which ascend, are at or before the position */
function countUpTo(events: readonly CloudEvent[], position: bigint): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const event = events[middle];
    if (event && positionOf(event) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function matches({ type, subject }: CloudEvent, filter: EventFilter): boolean {
  return (
    (filter.types?.includes(type) ?? true) && (filter.subject === undefined || filter.subject === subject)
  );
}
