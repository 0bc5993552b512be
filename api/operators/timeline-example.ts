/** The example of a timeline in the OpenAPI document: the customer service has been unavailable for a moment. */
import type { z } from 'zod';
import type { TimelineEntry, timelineSchema } from './timeline-json';

type Timeline = z.infer<typeof timelineSchema>;

/** @param order in its answer; PENDING */
export function timelineExample<Order extends { readonly orderId: string }>(
  order: Order,
): Omit<Timeline, 'order'> & { readonly order: Order } {
  const saga = `order-${order.orderId}`;
  const at = (ms: number) => new Date(Date.parse('2026-11-23T18:11:53.956Z') + ms).toISOString();
  const attempt = {
    kind: 'step-attempted',
    saga,
    attempt: 1,
    where: 'saga process',
    worker: '7@orders-1',
  } as const;
  const event = { source: '/order-service', type: 'OrderCreated', sequence: 1, saga } as const;
  const failure = 'reserveCredit: its database is unavailable';
  const entries: TimelineEntry[] = [
    { at: at(0), kind: 'saga-started', saga },
    { at: at(4), ...attempt, step: 'create as PENDING', endedAt: at(9), outcome: 'created' },
    { at: at(5), kind: 'event-recorded', ...event },
    { at: at(11), ...attempt, step: 'reserve credit', endedAt: at(14), failure },
    { at: at(12), kind: 'event-published', ...event },
    { at: at(16), kind: 'step-paused', saga, step: 'reserve credit', until: at(66), reason: failure },
  ];
  return {
    order,
    sagas: [
      {
        ...{ saga, status: 'RUNNING' },
        links: { temporal: `http://localhost:8233/namespaces/default/workflows/${saga}` },
      },
    ],
    entries,
    remaining: [
      {
        ...{ saga, step: 'reserve credit', state: 'waiting', attempts: 1, failure },
        ...{ nextAttemptAt: at(66), deadline: at(60_011) },
      },
      { saga, step: 'approve', state: 'expected' },
    ],
    unavailable: ['customer-service'],
  };
}
