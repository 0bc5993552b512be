/** Merges pages of several services into one of the feed. */
import type { EventSource } from '../domain/events';
import type { CloudEvent } from './cloud-event';
import { encodeCursor, type Positions } from './cursor';
import type { EventLog, LogPage } from './event-log';

export interface FeedItem {
  readonly event: CloudEvent;
  readonly cursor: string;
}

export type CompleteTo = Readonly<Partial<Record<EventSource, string>>>;

export interface Answered {
  readonly log: EventLog;
  readonly page: LogPage;
}

interface Merged {
  readonly items: readonly FeedItem[];
  readonly nextCursor: string;
  readonly completeTo: CompleteTo;
}

/** The page of a log, of which the first `taken` events are in the feed's page. */
interface Queue {
  readonly source: EventSource;
  readonly page: LogPage;
  taken: number;
}

/** By source, the last event that is taken. */
type LastTaken = Readonly<Partial<Record<EventSource, CloudEvent>>>;

/** Merges the pages by time, without changing the order within a log. */
export function merged(before: Positions, answered: readonly Answered[], limit: number): Merged {
  const queues = answered.map(({ log: { source }, page }): Queue => ({ source, page, taken: 0 }));
  const items: FeedItem[] = [];
  let last: LastTaken = {};
  for (let queue = earliest(queues); queue && items.length < limit; queue = earliest(queues)) {
    const event = headOf(queue);
    if (!event) break;
    queue.taken += 1;
    last = { ...last, [queue.source]: event };
    items.push(itemAt(event, before, queues, last));
  }
  let positions = positionsAfter(before, queues, last);
  let completeTo: CompleteTo = {};
  for (const { source, page, taken } of queues) {
    if (taken < page.events.length) continue;
    positions = { ...positions, [source]: page.end };
    if (page.completeTo) completeTo = { ...completeTo, [source]: page.completeTo.toISOString() };
  }
  return { items, nextCursor: encodeCursor(positions), completeTo };
}

function headOf({ page, taken }: Queue): CloudEvent | undefined {
  return page.events[taken];
}

/** @returns the queue with the earliest event, the first one of equals; undefined when all are empty */
function earliest(queues: readonly Queue[]): Queue | undefined {
  let first: Queue | undefined;
  let time = '';
  for (const queue of queues) {
    const head = headOf(queue);
    if (!head || (first && head.time >= time)) continue;
    first = queue;
    time = head.time;
  }
  return first;
}

function positionsAfter(before: Positions, queues: readonly Queue[], last: LastTaken): Positions {
  let positions = before;
  for (const { source, page } of queues) {
    const event = last[source];
    if (event)
      positions = {
        ...positions,
        [source]: { ...page.end, position: BigInt(event.sequence), eventId: event.id },
      };
  }
  return positions;
}

/** Only streams need the cursor of each event, and encoding it takes longer than the rest of a page. */
function itemAt(event: CloudEvent, before: Positions, queues: readonly Queue[], last: LastTaken): FeedItem {
  return {
    event,
    get cursor() {
      return encodeCursor(positionsAfter(before, queues, last));
    },
  };
}
