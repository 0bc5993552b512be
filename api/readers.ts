/** What all readers of a process share: their limits and their turns. */
import type { Metrics } from '../platform/metrics';
import { Admission, tooManyOfClient } from './http/admission';
import { PageTurns } from './http/page-turns';
import { STREAM_TURNS } from './http/read-limits';
import { Turns } from './http/turns';
import { readerMetrics } from './operations/process-metrics';
import type { ReaderSettings } from './service-settings';

export interface Readers {
  /** Event streams. */
  readonly streams: Admission;
  /** Requests that wait for news: pages of events, and the order history. */
  readonly waits: Admission;
  readonly streamTurns: Turns;
  readonly pages: PageTurns;
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
    tooManyOfClient('event streams', streamsPerClientMax),
  );
  const waits = new Admission(
    waitsMax,
    { problem: 'too-many-readers', detail: `${DETAIL}, or without Prefer: wait.` },
    waitsPerClientMax,
    tooManyOfClient('requests that wait', waitsPerClientMax),
  );
  const pages = new PageTurns();
  readerMetrics(metrics, { streams, waits, queued: pages.queued });
  return { streams, waits, streamTurns: new Turns(STREAM_TURNS), pages, stopping };
}
