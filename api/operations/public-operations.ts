/** The operations that need no access token: probes and descriptions, which contain no data of customers. */
import { z } from 'zod';
import { eventSchemaParameters } from '../events/event-json';
import type { ProblemName } from '../http/problems';
import type { DescribedOperation } from './operation';

/** Before any route. */
const ANY: readonly ProblemName[] = [
  'malformed-request',
  'request-timeout',
  'headers-too-large',
  'foreign-host',
  'foreign-origin',
  'internal',
];

const livenessSchema = z.object({ status: z.literal('ok') });

const checkSchema = z.enum(['ok', 'unavailable']);

const readinessSchema = z.object({
  status: checkSchema,
  checks: z.record(z.string(), checkSchema).meta({ description: 'By what the process needs.' }),
  reasons: z
    .record(z.string(), z.string())
    .exactOptional()
    .meta({ description: 'By failed check: what an operator must do. Present with 503.' }),
  workflows: z
    .looseObject({})
    .exactOptional()
    .meta({ description: 'Version of the workflow code; absent when the process runs no sagas.' }),
});

export const PUBLIC_OPERATIONS: readonly DescribedOperation[] = [
  {
    service: 'process',
    method: 'get',
    path: '/livez',
    operationId: 'isAlive',
    summary: 'Whether the process is alive',
    description: 'A process that does not answer should be restarted.',
    answers: { 200: { description: 'It is alive.', schema: livenessSchema } },
    problems: ANY,
  },
  {
    service: 'process',
    method: 'get',
    path: '/readyz',
    operationId: 'isReady',
    summary: 'Whether the process can do its work',
    description: 'It checks the databases and Temporal.',
    answers: {
      200: { description: 'Every check is ok.', schema: readinessSchema },
      503: {
        description: 'A check has failed: send requests to another process.',
        schema: readinessSchema,
        headers: ['Retry-After'],
      },
    },
    problems: ANY,
  },
  {
    service: 'process',
    method: 'get',
    path: '/metrics',
    operationId: 'readMetrics',
    summary: 'The metrics of the process, for Prometheus',
    description: 'Nobody but operators should reach them: see `METRICS_PORT`.',
    answers: {
      200: {
        description: 'The metrics, in the text format of Prometheus.',
        mediaType: 'text/plain',
        schema: z.string(),
      },
    },
    problems: ANY,
  },
  {
    service: 'events',
    method: 'get',
    path: '/event-schemas/{type}/{version}',
    operationId: 'getEventSchema',
    summary: 'The JSON Schema of the data of an event',
    description: '`dataschema` of an event is the URL of its schema.',
    pathParameters: eventSchemaParameters,
    answers: {
      200: {
        description: 'A JSON Schema.',
        mediaType: 'application/schema+json',
        schema: z.looseObject({ $schema: z.string(), $id: z.string() }),
      },
    },
    problems: [...ANY, 'stopping', 'invalid-request', 'not-found'],
  },
];
