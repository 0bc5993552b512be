/** The attempts of a step on a task queue. The server retries there without events: the history has the last attempt. */
import type { PayloadReader } from './payload-reader';
import { msOf, wordsOf } from './history-time';
import { answersSchema, type AttemptFact, itemsSchema } from './saga-facts';
import type { HistoryEvent, PendingActivity } from './saga-runs';

/** The events of the activities of a run, by the id of the event that scheduled it; pending ones by activity id. */
export interface ActivityEvents {
  readonly started: Map<string, HistoryEvent>;
  readonly ended: Map<string, HistoryEvent>;
  readonly pending: Map<string, PendingActivity>;
}

/** @param place of the scheduling event; `base` is that of its run */
export async function activityFact(
  event: HistoryEvent,
  { at, seq, base }: { readonly at: number; readonly seq: number; readonly base: number },
  { started, ended, pending }: ActivityEvents,
  reader: PayloadReader,
): Promise<AttemptFact> {
  const scheduled = event.activityTaskScheduledEventAttributes;
  const begun = started.get(String(event.eventId))?.activityTaskStartedEventAttributes;
  const end = ended.get(String(event.eventId));
  const now = end ? undefined : pending.get(String(scheduled?.activityId));
  const items = itemsSchema.safeParse(await reader.first(scheduled?.input)).data?.items;
  const next = now?.nextAttemptScheduleTime;
  return {
    ...{ kind: 'attempt', at, seq, where: 'task queue' },
    activity: scheduled?.activityType?.name ?? '',
    words: wordsOf(await reader.summary(event)),
    attempt: begun?.attempt ?? now?.attempt ?? 1,
    worker: begun?.identity ?? now?.lastWorkerIdentity ?? undefined,
    items: items?.map(({ orderId }) => orderId),
    failure: await failureOf(end, now, reader),
    answers: answersSchema.safeParse(await reader.first(end?.activityTaskCompletedEventAttributes?.result))
      .data,
    ...(end && { endedAt: msOf(end.eventTime), endSeq: base + Number(end.eventId) }),
    ...(next && { nextAttemptAt: msOf(next) }),
  };
}

async function failureOf(
  end: HistoryEvent | undefined,
  pending: PendingActivity | undefined,
  reader: PayloadReader,
): Promise<string | undefined> {
  const late = end?.activityTaskTimedOutEventAttributes;
  const last = late ? await reader.failure(late.failure?.cause) : undefined;
  if (last !== undefined) return last;
  if (end?.activityTaskCanceledEventAttributes) return 'another attempt replaced it';
  return reader.failure(
    end?.activityTaskFailedEventAttributes?.failure ?? late?.failure ?? pending?.lastFailure,
  );
}
