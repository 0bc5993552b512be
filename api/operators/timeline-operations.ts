/** The operations for operators who ask what happened to an order. */
import type { ProblemName } from '../http/problems';
import type { Operation } from '../operations/operation';
import { timelineSchema } from './timeline-json';
import { EVENTS_OF_A_RUN_MAX, RUNS_MAX } from './timeline-limits';

/** @param problems of every read */
export const timelineOperations = (problems: readonly ProblemName[]): readonly Operation[] => [
  {
    service: 'orders',
    method: 'get',
    path: '/ops/orders/{id}/timeline',
    operationId: 'getOrderTimeline',
    scopes: ['operate'],
    forOneCustomer: 'refused',
    summary: 'Everything that happened to an order, and what remains',
    description: `For operators: the histories of its sagas (the last ${String(RUNS_MAX)} runs of each, ${String(EVENTS_OF_A_RUN_MAX)} events of a run), its events and decisions about it, as one timeline. What Temporal or a service no longer keeps is missing. A source that does not answer is named in \`unavailable\`.`,
    answers: { 200: { description: 'The timeline.', schema: timelineSchema } },
    problems: [...problems, 'not-found', 'too-many-readers'],
  },
];
