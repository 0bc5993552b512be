/** What a timeline reads from the order database: the outbox and the decisions of operators. */
import type { EventLog } from '../../events/event-log';
import type { OrderDatabase } from '../../prisma/order/client';
import type { RecordedEvent } from './event-entries';
import type { Placed } from './timeline';
import { iso } from './timeline-json';
import { DECISIONS_MAX, DOMAIN_EVENTS_MAX } from './timeline-limits';

export function decisionsOf(db: OrderDatabase, orderId: string) {
  return db.givenUpStep.findMany({ where: { orderId }, orderBy: { at: 'desc' }, take: DECISIONS_MAX });
}

type Decision = Awaited<ReturnType<typeof decisionsOf>>[number];

/** Also those that are not published yet. Pruned ones are gone. */
export async function ownEvents(
  db: OrderDatabase,
  orderId: string,
  decisions: readonly Decision[],
): Promise<RecordedEvent[]> {
  const rows = await db.outbox.findMany({
    where: { aggregateId: { in: [orderId, ...decisions.map(({ id }) => id)] } },
    orderBy: { id: 'asc' },
    take: DOMAIN_EVENTS_MAX,
  });
  return rows.map(({ type, sequence, sagaId, occurredAt, publishedAt }) => ({
    ...{ source: '/order-service', type, sequence, occurredAt },
    ...{ sagaId: sagaId ?? undefined, publishedAt: publishedAt ?? undefined },
  }));
}

/** From the feed of the customer service, in this process or another one: so only those that are published. */
export async function customerEvents(log: EventLog, orderId: string): Promise<RecordedEvent[]> {
  const { events } = await log.read(undefined, DOMAIN_EVENTS_MAX, { subject: orderId });
  return events.map(({ type, aggregateversion: sequence, correlationid: sagaId, time }) => ({
    ...{ source: log.source, type, sequence, sagaId },
    ...{ occurredAt: new Date(time), publishedAt: undefined },
  }));
}

export function decisionEntries(decisions: readonly Decision[], sagaIds: readonly string[]): Placed[] {
  return decisions.map(({ at, sagaId, step, by, reason }) => ({
    entry: { at: iso(at.getTime()), kind: 'given-up', saga: sagaId, step, by, reason },
    place: { saga: Math.max(sagaIds.indexOf(sagaId), 0), seq: Infinity, effect: 0 },
  }));
}
