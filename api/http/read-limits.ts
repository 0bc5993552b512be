/** The limits of readers, so that orders do not wait for them. The numbers of connections are in `platform/postgres-session.ts`. */

/**
 * Pages of events, lists and order histories are read in turns. 5 requests every 20 ms, 250 a second: a request takes the
 * process about 0.5 to 1 ms, so readers take a fifth of a core, however many there are, and less while orders keep the
 * process busy. A few readers never wait.
 */
export const REQUEST_TURNS = { readers: 5, busyReaders: 1, everyMs: 20 } as const;

/** 500: with 50 turns a second, while orders keep the process busy, the last one waits 10 s, and few clients wait longer. */
export const PAGES_QUEUED_MAX = 500;

/** 100: a fifth, so that no client keeps the others out. */
export const PAGES_QUEUED_PER_CLIENT_MAX = 100;

/** 50 streams every 20 ms: a stream costs one write of what it shares with the others. */
export const STREAM_TURNS = { readers: 50, busyReaders: 10, everyMs: 20 } as const;

/**
 * 5,000 events, about 15 MB a service: what a process has in memory of the end of the feed. It covers minutes, so that a
 * thousand readers that take turns do not fall behind it. Earlier events are read from the database.
 */
export const TAIL_EVENTS_MAX = 5_000;

/** 20 ms: readers share what was read from the database within it. The relay publishes as often under load. */
export const FEED_FRESH_MS = 20;

/**
 * 2 ms for each reader that waits, 100 ms at most: while events keep coming, many readers get them together, so that they
 * share one page, and few get each as soon as the relay has published it.
 */
export const TAIL_PAUSES = { eachReaderMs: 2, longestMs: 100 } as const;

/** 30 s, two heartbeats: a stream whose client takes nothing from its socket ends. The client can resume. */
export const STALLED_STREAM_MS = 30_000;

/** 60 s without a byte in either direction: longer than the longest wait. A client that does not read its answer loses its connection. */
export const SILENT_CONNECTION_MS = 60_000;
