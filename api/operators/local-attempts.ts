/**
 * The times of attempts in the saga's process. The SDK records such an attempt as a marker when the workflow task is
 * completed, which may be much later. In the marker are its start, by the clock of the worker, and its end in workflow time:
 * the workflow time of its start, plus how long it took.
 */
import { z } from 'zod';
import type { HistoryEvent } from './saga-runs';

const timestampSchema = z.object({ seconds: z.number(), nanos: z.number() });

const dataSchema = z.object({
  activity_type: z.string(),
  attempt: z.number(),
  complete_time: timestampSchema.nullish(),
  original_schedule_time: timestampSchema.nullish(),
});

export interface LocalAttempt {
  readonly activity: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

const msOf = ({ seconds, nanos }: z.infer<typeof timestampSchema>): number => seconds * 1_000 + nanos / 1e6;

/** Follows the workflow time of a run. */
export class LocalAttempts {
  /** When the workflow time became which, in the order of the history. */
  readonly #clock: { readonly at: number; readonly workflowTime: number }[] = [];

  taskStarted(at: number): void {
    this.#clock.push({ at, workflowTime: at });
  }

  /**
   * @param recordedAt time of the marker, epoch milliseconds
   * @returns undefined when the marker is of something else
   */
  read(event: HistoryEvent, recordedAt: number): LocalAttempt | undefined {
    const { markerName, details } = event.markerRecordedEventAttributes ?? {};
    const bytes = details?.['data']?.payloads?.[0]?.data;
    if (markerName !== 'core_local_activity' || !bytes) return undefined;
    // The SDK's own data: no codec has encoded it.
    const data = dataSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    const startedAt = data.original_schedule_time ? msOf(data.original_schedule_time) : recordedAt;
    const completed = data.complete_time ? msOf(data.complete_time) : undefined;
    const before = this.#clock.filter(({ at }) => at <= startedAt).at(-1);
    const took = completed === undefined || !before ? -1 : completed - before.workflowTime;
    // The clocks of the server and the worker may differ: then the time of the record is the best bound.
    const isPlausible = took >= 0 && startedAt + took <= recordedAt;
    const endedAt = isPlausible ? startedAt + took : Math.max(startedAt, recordedAt);
    if (completed !== undefined) this.#clock.push({ at: endedAt, workflowTime: completed });
    return { activity: data.activity_type, startedAt, endedAt };
  }
}
