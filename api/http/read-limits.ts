/** The limits of readers, so that orders do not wait for them. The numbers of connections are in `platform/postgres-session.ts`. */

/**
 * 5 readers every 20 ms, 250 a second: waiting readers that have news continue in turns. A turn takes a reader about
 * 0.5 to 1 ms of the process, so readers take a fifth of a core, however many wait. A thousand readers get news within 4 s, and
 * few readers at once.
 */
export const TURNS = { readers: 5, everyMs: 20 } as const;

/** 1,000 events, about 600 KB a service: what a process has in memory of the end of the feed. Others are read from the database. */
export const TAIL_EVENTS_MAX = 1_000;

/** 20 ms: readers share what was read from the database by then. The relay publishes as often under load. */
export const TAIL_FRESH_MS = 20;

/** 30 s, two heartbeats: a stream whose client takes nothing from its socket ends. The client can resume. */
export const STALLED_STREAM_MS = 30_000;

/** 60 s without a byte in either direction: longer than the longest wait. A client that does not read its answer loses its connection. */
export const SILENT_CONNECTION_MS = 60_000;
