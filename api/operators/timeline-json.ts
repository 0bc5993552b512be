/** The timeline of an order over HTTP. */
import { z } from 'zod';
import { EVENT_SOURCES } from '../../domain/events';
import { timeSchema } from '../http/schemas';
import { orderWithAttentionSchema } from '../orders/order-json';

/** What may be missing in a timeline. */
const TIMELINE_SOURCES = ['temporal', 'customer-service'] as const;
export type TimelineSource = (typeof TIMELINE_SOURCES)[number];

const saga = z.string().meta({ description: 'Workflow id of the saga.' });
const step = z.string().meta({ description: 'The step in words.' });
const worker = z
  .string()
  .exactOptional()
  .meta({ description: 'Identity of the worker, as Temporal has it.' });

/** An entry of one kind. */
function entry<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  return z.object({ at: timeSchema, kind: z.literal(kind), ...shape });
}

const event = {
  source: z.enum(EVENT_SOURCES),
  type: z.string(),
  sequence: z.int().min(1).meta({ description: '`aggregateversion` of the event.' }),
  saga: saga.exactOptional(),
};

const attempt = entry('step-attempted', {
  saga,
  step,
  where: z.enum(['saga process', 'task queue']).meta({
    description: 'On a task queue, Temporal records the last attempt only: `at` is the request of the step.',
  }),
  attempt: z.int().min(1).meta({ description: 'On a task queue: the number of attempts until now.' }),
  endedAt: timeSchema.exactOptional().meta({ description: 'Absent while it has not ended.' }),
  outcome: z.string().exactOptional().meta({ description: 'The answer for this order.' }),
  reason: z.string().exactOptional().meta({ description: 'Of the outcome.' }),
  failure: z.string().exactOptional().meta({ description: 'Message of the (last) failure.' }),
  worker,
  committedBefore: z.literal(true).exactOptional().meta({
    description:
      'The event of the step is older than this attempt: the fast path, or an attempt whose answer was lost, had committed it.',
  }),
});

const entrySchema = z.discriminatedUnion('kind', [
  entry('saga-started', { saga }),
  attempt,
  entry('step-paused', {
    saga,
    step,
    until: timeSchema,
    reason: z.string().exactOptional().meta({ description: 'Why the last attempt gave no answer.' }),
  }),
  entry('deadline-passed', { saga, step }),
  entry('workflow-task-failed', { saga, reason: z.string(), worker }),
  entry('workflow-task-timed-out', { saga, reason: z.string(), worker }),
  entry('signal', {
    saga,
    signal: z.string(),
    by: z.string().exactOptional(),
    reason: z.string().exactOptional(),
  }),
  entry('cancel-requested', { saga, by: z.string(), reason: z.string() }),
  entry('parked', { saga, step, reason: z.string(), since: timeSchema }),
  entry('given-up', { saga, step, by: z.string(), reason: z.string() }),
  entry('continued-as-new', { saga }),
  entry('saga-ended', {
    saga,
    status: z.string(),
    outcome: z.string().exactOptional().meta({ description: 'Of this order.' }),
    reason: z.string().exactOptional().meta({ description: 'Of the outcome.' }),
    failure: z.string().exactOptional(),
  }),
  entry('event-recorded', event),
  entry('event-published', event),
]);

export type TimelineEntry = z.infer<typeof entrySchema>;

const sagaSchema = z.object({
  saga,
  status: z.string().meta({
    description: "Temporal's status of its last run; NOT_FOUND when Temporal does not have it (any more).",
  }),
  truncated: z.literal(true).exactOptional().meta({
    description: 'The oldest runs, or the end of a long run, are not in the timeline.',
  }),
  links: z.object({ temporal: z.string().meta({ description: 'The saga in the Temporal UI.' }) }),
});
export type TimelineSaga = z.infer<typeof sagaSchema>;

const remainingSchema = z.object({
  saga,
  step,
  state: z.enum(['waiting', 'expected']).meta({
    description: 'expected: it comes after the waiting step, if that succeeds.',
  }),
  attempts: z.int().exactOptional().meta({ description: 'Made until now.' }),
  failure: z.string().exactOptional().meta({ description: 'Why the last attempt gave no answer.' }),
  nextAttemptAt: timeSchema
    .exactOptional()
    .meta({ description: 'Absent while an attempt is under way or due.' }),
  deadline: timeSchema.exactOptional().meta({ description: 'Then the saga goes on without an answer.' }),
  parksAt: timeSchema.exactOptional().meta({ description: 'Then the step is parked, and still retried.' }),
  parkedSince: timeSchema
    .exactOptional()
    .meta({ description: 'Its first failure. An operator may retry it at once, or give it up.' }),
});
export type RemainingStep = z.infer<typeof remainingSchema>;

export const timelineSchema = z.object({
  order: orderWithAttentionSchema,
  sagas: z.array(sagaSchema).meta({ description: 'The saga of the order, then that of its cancellation.' }),
  entries: z.array(entrySchema).meta({
    description:
      'By `at`. Of the same millisecond: as in the history of a saga, the event of an attempt after it, its publication after the event, and a cancellation after the saga of the order. The times are of different clocks.',
  }),
  remaining: z.array(remainingSchema).exactOptional().meta({
    description: 'The steps that remain, in their order; empty when none do. Absent without Temporal.',
  }),
  unavailable: z.array(z.enum(TIMELINE_SOURCES)).exactOptional().meta({
    description: 'Sources that did not answer in time, or not readably. Their entries are missing.',
  }),
});

/** @param ms epoch milliseconds. Rounded, as PostgreSQL rounds its times: so times of one clock keep their order */
export function iso(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
