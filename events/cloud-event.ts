/** A domain event as consumers get it: CloudEvents 1.0, JSON format. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { EventSource } from '../domain/events';
import { isCancelSaga } from '../domain/names';
import { CREDIT_REJECTION_REASONS } from '../domain/order';
import { type EventType, isEventType, schemaPath } from './event-types';
import { SEQUENCE, sequenceOf } from './sequence';

/** https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

export const cloudEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().meta({
    description:
      'Unique together with `source`, and the same at every delivery: de-duplicate by it. No other event ever gets it, even when the database of the service is restored from an older backup.',
  }),
  source: z.url({ protocol: /^https?$/ }).meta({
    description:
      'Absolute URI of the publishing service: a base (`EVENT_BASE_URI`), then `/order-service` or `/customer-service`. A published event keeps it.',
  }),
  type: z.string(),
  subject: z.guid().meta({
    description:
      "Id of the aggregate: the order, for events of an order or its reservation; otherwise the customer, or an operator's decision.",
  }),
  time: z.iso.datetime({ precision: 3 }).meta({ description: 'When the state changed, in UTC.' }),
  datacontenttype: z.literal('application/json'),
  dataschema: z
    .url({ protocol: /^https?$/ })
    .meta({ description: 'Type and version of `data`. The URL serves its JSON Schema.' }),
  partitionkey: z.guid().meta({ description: 'The `subject`: events with one key are in order.' }),
  sequence: z.string().regex(SEQUENCE).meta({
    description:
      'Position among all events of its source, in the order of publication: 19 digits, so that it sorts as text.',
  }),
  aggregateversion: z.int().min(1).meta({
    description: 'Numbers the events of one subject at one source, from 1, without gaps.',
  }),
  correlationid: z.string().exactOptional().meta({
    description:
      'Workflow id of the saga that caused the event; absent when no saga did, as for a new customer.',
  }),
  causationid: z.string().exactOptional().meta({
    description:
      '`<service>/<subject>/<aggregateversion>` of the event that caused this one, if there is one. `<service>` is the end of its `source`.',
  }),
  traceparent: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    .meta({
      description:
        'W3C Trace Context. All events of one saga have one trace id, derived from it. Not sampled: the services record no spans.',
    }),
  data: z.record(z.string(), z.unknown()),
});

export type CloudEvent = Readonly<z.infer<typeof cloudEventSchema>>;

const texts = new WeakMap<CloudEvent, string>();

/** @returns the event as JSON; many readers get the same event, so it is serialized once */
export function eventJson(event: CloudEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}

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

interface EventUris {
  /** Base of the event's `source`. */
  readonly source: string;
  /** Base of the URL at which this process serves the schemas. */
  readonly schema: string;
}

/**
 * Accepts types and versions that this code does not know: a newer version of the service may have written them.
 */
export function cloudEvent(service: EventSource, row: OutboxRow, base: EventUris): CloudEvent {
  const { type, aggregateId: subject, sequence, sagaId, data, schemaVersion } = row;
  const cause = isEventType(type) ? causeOf(type, row) : undefined;
  const source = `${base.source}${service}`;
  return {
    specversion: '1.0',
    id: row.id,
    source,
    type,
    subject,
    time: row.occurredAt.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${base.schema}${schemaPath(type, schemaVersion)}`,
    partitionkey: subject,
    sequence: sequenceOf(row.position),
    aggregateversion: sequence,
    ...(sagaId !== null && { correlationid: sagaId }),
    ...(cause !== undefined && { causationid: `${cause.source}/${subject}/${String(cause.sequence)}` }),
    traceparent: traceparentOf(sagaId ?? subject, `${source} ${row.id}`),
    data,
  };
}

/** Span id of an event, and the trace id that all events of its saga share. */
function traceparentOf(saga: string, event: string): string {
  const hex = (text: string, digits: number) => hash('sha256', text, 'hex').slice(0, digits);
  return `00-${hex(saga, TRACE_ID_DIGITS)}-${hex(event, SPAN_ID_DIGITS)}-00`;
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
    case 'CustomerPersonalDataErased':
    case 'SagaStepGivenUp':
      return undefined;
  }
}

function isRefusal(reason: unknown): boolean {
  return CREDIT_REJECTION_REASONS.some((refusal) => refusal === reason);
}
