/** Reads the sources of a timeline at the same time, each with its time limit, and merges them. */
import type { Client } from '@temporalio/client';
import type { z } from 'zod';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { EventLog } from '../../events/event-log';
import type { Logger } from '../../platform/logger';
import type { OrderDatabase } from '../../prisma/order/client';
import { withTimeout } from '../../saga/host/with-timeout';
import type { OrderView } from '../orders/order-json';
import { eventEntries, withEarlierCommits } from './event-entries';
import { historyEntries, type SagaOfOrder } from './history-entries';
import { PayloadReader } from './payload-reader';
import { readFacts } from './read-facts';
import { remainingSteps } from './remaining-steps';
import { type OrderSagas, pathOf } from './saga-path';
import { sagaRuns } from './saga-runs';
import { timelineOf } from './timeline';
import type { TimelineSaga, timelineSchema, TimelineSource } from './timeline-json';
import { CUSTOMER_SERVICE_WITHIN_MS, TEMPORAL_WITHIN_MS } from './timeline-limits';
import { customerEvents, decisionEntries, decisionsOf, ownEvents } from './timeline-reads';

export interface TimelineParts {
  readonly db: OrderDatabase;
  readonly client: Client;
  readonly orderSagas: OrderSagas;
  /** The published events of the customer service. */
  readonly customerLog: EventLog;
  readonly sagaLink: (sagaId: string) => string;
}

type Timeline = Omit<z.infer<typeof timelineSchema>, 'order'>;

export async function readTimeline(
  parts: TimelineParts,
  order: OrderView,
  logger: Pick<Logger, 'warn'>,
): Promise<Timeline> {
  const { db, customerLog } = parts;
  const { orderId, sagaId } = order;
  const unavailable = new Set<TimelineSource>();
  const unless = async <T>(source: TimelineSource, ms: number, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await withTimeout(work, ms, source);
    } catch (err) {
      unavailable.add(source);
      logger.warn({ source, orderId, err }, 'a source of the timeline is unavailable');
      return undefined;
    }
  };
  const sagaIds = [sagaId, cancelSagaWorkflowId(orderId)];
  const [read, ofCustomers, { decisions, events }] = await Promise.all([
    Promise.all(
      sagaIds.map((id, place) => unless('temporal', TEMPORAL_WITHIN_MS, readSaga(parts, id, place, order))),
    ),
    unless('customer-service', CUSTOMER_SERVICE_WITHIN_MS, customerEvents(customerLog, orderId)),
    decisionsOf(db, orderId).then(async (found) => ({
      decisions: found,
      events: await ownEvents(db, orderId, found),
    })),
  ]);
  const known = read.flatMap((each) => each?.saga ?? []);
  const all = [...events, ...(ofCustomers ?? [])];
  const ofHistory = withEarlierCommits(known.flatMap(historyEntries), all, known);
  return {
    sagas: read.flatMap((each) => each?.json ?? []),
    entries: timelineOf([...ofHistory, ...eventEntries(all, known), ...decisionEntries(decisions, sagaIds)]),
    ...(!unavailable.has('temporal') && { remaining: known.flatMap(remainingSteps) }),
    ...(unavailable.size > 0 && { unavailable: [...unavailable] }),
  };
}

interface ReadSaga {
  /** Undefined when Temporal has no such saga. */
  readonly saga: SagaOfOrder | undefined;
  /** Undefined when nothing tells that there was one. */
  readonly json: TimelineSaga | undefined;
}

async function readSaga(
  { client, orderSagas, sagaLink }: TimelineParts,
  sagaId: string,
  place: number,
  { orderId, state }: OrderView,
): Promise<ReadSaga> {
  const links = { temporal: sagaLink(sagaId) };
  const runs = await sagaRuns(client, sagaId);
  const isCancellation = place > 0;
  if (!runs) {
    const json = isCancellation ? undefined : { saga: sagaId, status: 'NOT_FOUND', links };
    return { saga: undefined, json };
  }
  const { status, truncated } = runs;
  const facts = await readFacts(runs, new PayloadReader(client.options.loadedDataConverter));
  const path = await pathOf(facts, orderId, orderSagas, { isCancellation, state });
  return {
    saga: { sagaId, orderId, place, facts, path },
    json: { saga: sagaId, status, ...(truncated && { truncated }), links },
  };
}
