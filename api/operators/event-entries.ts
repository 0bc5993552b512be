/** The domain events of an order, each beside the attempt of the step that has recorded it. */
import type { EventSource } from '../../domain/events';
import { isAttemptOf, type SagaOfOrder } from './history-entries';
import type { AttemptFact } from './saga-facts';
import type { Place, Placed } from './timeline';
import { iso } from './timeline-json';

/** An event, as an outbox or the feed has it. */
export interface RecordedEvent {
  readonly source: EventSource;
  readonly type: string;
  readonly sequence: number;
  readonly sagaId: string | undefined;
  readonly occurredAt: Date;
  /** Undefined when it is not published, and of events from a feed, which does not tell it. */
  readonly publishedAt: Date | undefined;
}

/** By activity: the events that its transaction may record. */
const EVENTS_OF_STEPS: Readonly<Record<string, readonly string[]>> = {
  createPendingOrders: ['OrderCreated'],
  reserveCredit: ['CreditReserved', 'CreditLimitExceeded', 'CreditRejected'],
  releaseCredit: ['CreditReleased'],
  approveOrders: ['OrderApproved'],
  cancelOrders: ['OrderCancelled'],
  requestCancellations: ['OrderCancellationRequested', 'OrderCancelled'],
  giveUpOrders: ['SagaStepGivenUp'],
};

export function eventEntries(events: readonly RecordedEvent[], sagas: readonly SagaOfOrder[]): Placed[] {
  return events.flatMap((event) => {
    const { source, type, sequence, sagaId, occurredAt, publishedAt } = event;
    const told = { source, type, sequence, ...(sagaId !== undefined && { saga: sagaId }) };
    const place = placeOf(event, sagas);
    return [
      { entry: { at: iso(occurredAt.getTime()), kind: 'event-recorded' as const, ...told }, place },
      ...(publishedAt
        ? [
            {
              entry: { at: iso(publishedAt.getTime()), kind: 'event-published' as const, ...told },
              place: { ...place, effect: 2 as const },
            },
          ]
        : []),
    ];
  });
}

/** Marks the attempts whose event is older than they are. */
export function withEarlierCommits(
  entries: readonly Placed[],
  events: readonly RecordedEvent[],
  sagas: readonly SagaOfOrder[],
): Placed[] {
  const earlier = events.flatMap((event) => {
    const found = attemptThatAnswered(event, sagas);
    const isEarlier = found && event.occurredAt.getTime() < Math.round(found.attempt.at);
    return isEarlier ? [`${found.saga.sagaId} ${String(found.attempt.seq)}`] : [];
  });
  return entries.map((each) => {
    const { entry, place } = each;
    if (entry.kind !== 'step-attempted' || !earlier.includes(`${entry.saga} ${String(place.seq)}`))
      return each;
    return { entry: { ...entry, committedBefore: true }, place };
  });
}

function placeOf(event: RecordedEvent, sagas: readonly SagaOfOrder[]): Place {
  const found = attemptThatAnswered(event, sagas);
  if (found) return { saga: found.saga.place, seq: found.attempt.seq, effect: 1 };
  const saga = sagas.find(({ sagaId }) => sagaId === event.sagaId);
  return { saga: saga?.place ?? 0, seq: Infinity, effect: 1 };
}

/** The first attempt that has answered: a later one has found the row as the first has left it. */
function attemptThatAnswered({ type, sagaId }: RecordedEvent, sagas: readonly SagaOfOrder[]) {
  const saga = sagas.find((each) => each.sagaId === sagaId);
  const attempt = saga?.facts.find(
    (fact): fact is AttemptFact =>
      fact.kind === 'attempt' &&
      EVENTS_OF_STEPS[fact.activity]?.includes(type) === true &&
      fact.answers?.some(({ orderId, outcome }) => orderId === saga.orderId && outcome !== 'busy') === true &&
      isAttemptOf(fact, saga),
  );
  return saga && attempt ? { saga, attempt } : undefined;
}
