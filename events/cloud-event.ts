/** A domain event as consumers get it: CloudEvents 1.0, JSON format. */
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';
import { isCancelSaga } from '../domain/names';
import { CREDIT_REJECTION_REASONS } from '../domain/order';
import { type EventType, isEventType, schemaPath } from './event-types';

export const cloudEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().meta({
    description:
      'Unique together with `source`, and the same at every delivery: de-duplicate by it. No other event ever gets it, even when the database of the service is restored from an older backup.',
  }),
  source: z.enum(EVENT_SOURCES),
  type: z.string(),
  subject: z.guid().meta({
    description:
      "Id of the aggregate: the order, for events of an order or its reservation; otherwise the customer, or an operator's decision.",
  }),
  time: z.iso.datetime({ precision: 3 }).meta({ description: 'When the state changed.' }),
  datacontenttype: z.literal('application/json'),
  dataschema: z
    .string()
    .meta({ description: 'Type and version of `data`. The path serves its JSON Schema.' }),
  sequence: z.int().min(1).meta({
    description: 'Numbers the events of one subject at one source, from 1, without gaps.',
  }),
  position: z.string().regex(/^\d+$/).meta({
    description: 'Position among all events of its source, ascending in the order of publication.',
  }),
  correlationid: z.string().exactOptional().meta({
    description:
      'Workflow id of the saga that caused the event; absent when no saga did, as for a new customer.',
  }),
  causationid: z.string().exactOptional().meta({
    description: '`<source>/<subject>/<sequence>` of the event that caused this one, if there is one.',
  }),
  data: z.record(z.string(), z.unknown()),
});

export type CloudEvent = Readonly<z.infer<typeof cloudEventSchema>>;

/** A row of an outbox. */
export interface OutboxRow {
  /** Id of the event. */
  readonly id: string;
  readonly position: bigint;
  readonly type: string;
  readonly aggregateId: string;
  readonly sequence: number;
  /** Null when no saga caused the event. */
  readonly sagaId: string | null;
  readonly occurredAt: Date;
  readonly data: Readonly<Record<string, unknown>>;
  readonly schemaVersion: number;
}

/** Accepts types and versions that this code does not know: a newer version of the service may have written them. */
export function cloudEvent(source: EventSource, row: OutboxRow): CloudEvent {
  const { type, aggregateId: subject, sequence, sagaId, data, schemaVersion } = row;
  const cause = isEventType(type) ? causeOf(type, row) : undefined;
  return {
    specversion: '1.0',
    id: row.id,
    source,
    type,
    subject,
    time: row.occurredAt.toISOString(),
    datacontenttype: 'application/json',
    dataschema: schemaPath(type, schemaVersion),
    sequence,
    position: String(row.position),
    ...(sagaId !== null && { correlationid: sagaId }),
    ...(cause !== undefined && { causationid: `${cause.source}/${subject}/${String(cause.sequence)}` }),
    data,
  };
}

interface Cause {
  readonly source: EventSource;
  readonly sequence: number;
}

const ORDER_CREATED: Cause = { source: '/order-service', sequence: 1 };
const ORDER_GIVEN_UP: Cause = { source: '/order-service', sequence: 2 };
const CANCELLATION_REQUESTED: Cause = { source: '/order-service', sequence: 3 };
const CREDIT_DECIDED: Cause = { source: '/customer-service', sequence: 1 };
const CREDIT_RELEASED: Cause = { source: '/customer-service', sequence: 2 };

/** Derives the cause from the type, because the sagas determine it; it is not stored. */
function causeOf(type: EventType, { sequence, sagaId, data }: OutboxRow): Cause | undefined {
  switch (type) {
    case 'CreditReserved':
    case 'CreditLimitExceeded':
    case 'CreditRejected':
      return ORDER_CREATED;
    case 'OrderApproved':
      return CREDIT_DECIDED;
    case 'OrderCancelled':
      if (sequence > ORDER_GIVEN_UP.sequence) return CREDIT_RELEASED;
      return isRefusal(data['reason']) ? CREDIT_DECIDED : undefined;
    case 'CreditReleased':
      return isCancelSaga(sagaId) ? CANCELLATION_REQUESTED : ORDER_GIVEN_UP;
    case 'OrderCreated':
    case 'OrderCancellationRequested':
    case 'CustomerCreated':
    case 'SagaStepGivenUp':
      return undefined;
  }
}

function isRefusal(reason: unknown): boolean {
  return CREDIT_REJECTION_REASONS.some((refusal) => refusal === reason);
}
