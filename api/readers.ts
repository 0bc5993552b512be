/** What all readers of a process share: their limits and their turns. */
import type { Metrics } from '../platform/metrics';
import { Admission } from './http/admission';
import { REQUEST_TURNS, STREAM_TURNS } from './http/read-limits';
import { Turns } from './http/turns';
import { readerMetrics } from './operations/process-metrics';
import type { ReaderSettings } from './service-settings';

export interface Readers {
  /** Event streams. */
  readonly streams: Admission;
  /** Requests that wait for news: pages of events, and the order history. */
  readonly waits: Admission;
  /** Of the streams, and of the other requests that have waited. */
  readonly streamTurns: Turns;
  readonly turns: Turns;
  /** Aborted when the process stops; ends streams and waits. */
  readonly stopping: AbortSignal;
}

const DETAIL = 'Send the request again later or to another process';

export function createReaders(
  { streamsMax, streamsPerClientMax, waitsMax, waitsPerClientMax }: ReaderSettings,
  stopping: AbortSignal,
  metrics: Metrics,
): Readers {
  const streams = new Admission(
    streamsMax,
    { problem: 'too-many-streams', detail: `${DETAIL}, or read pages.` },
    streamsPerClientMax,
  );
  const waits = new Admission(
    waitsMax,
    { problem: 'too-many-readers', detail: `${DETAIL}, or without Prefer: wait.` },
    waitsPerClientMax,
  );
  readerMetrics(metrics, streams, waits);
  return { streams, waits, streamTurns: new Turns(STREAM_TURNS), turns: new Turns(REQUEST_TURNS), stopping };
}
