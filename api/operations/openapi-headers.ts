/** The headers of answers, as components of the OpenAPI document. */
import { PROBLEMS, type ProblemName } from '../http/problems';

const text = (description: string, example: string, schema: object = {}) => ({
  description,
  schema: { type: 'string', ...schema },
  example,
});

const ETAG_EXAMPLE = '"01a2099b-7834-710d-82ac-86033c7036d1.2"';

export const ANSWER_HEADERS = {
  ETag: text('Version of the order or the customer: for `If-Match`, and for `includes`.', ETAG_EXAMPLE),
  Location: text('Path of what was created.', '/orders/01a2099b-7834-710d-82ac-86033c7036d1', {
    format: 'uri-reference',
  }),
  'Preference-Applied': text('The wait, when the request had one (RFC 7240).', 'wait=5', {
    pattern: '^wait=[1-9]\\d?$',
  }),
  'Events-Start-After': text(
    'Of a stream: where the feed starts, by service (a dictionary of RFC 9651).',
    'order-service="0000000000000000000"',
  ),
  Vary: text(
    'What the answer depends on: its compression, and whether the feed is a page or a stream.',
    'Accept, Accept-Encoding',
  ),
  'Retry-After': {
    description: 'Seconds until a new attempt makes sense.',
    schema: { type: 'integer', minimum: 1 },
    example: 2,
  },
  'WWW-Authenticate': text('What the access token lacks (RFC 6750).', 'Bearer realm="order-saga"'),
  RateLimit: text(
    'What is left to the client in this minute. Absent without a limit.',
    '"client"; r=599; t=60',
  ),
  'RateLimit-Policy': text(
    'How many requests a client may send. Absent without a limit.',
    '"client"; q=600; w=60; pk=:ZDYxMWU4ZTQ4ZGE5:',
  ),
  'X-Request-Id': text(
    'The service logs the request with this id: that of the request, when it had a short one.',
    '0b9e5c1e-6d0f-4a4e-9a4e-6d0b4a6c7e01',
    { pattern: '^[\\w.:-]{1,100}$' },
  ),
} as const;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** `REQUESTS_PER_MINUTE_PER_CLIENT`. */
const RATE: readonly AnswerHeader[] = ['RateLimit', 'RateLimit-Policy'];

/** @param limited whether the requests are counted: the probes are not */
export function headersOfAnswer(own: readonly AnswerHeader[], limited: boolean) {
  return references([...own, ...(limited ? RATE : []), 'X-Request-Id']);
}

/** Problems that share a status share its headers. */
export function headersOfProblems(names: readonly ProblemName[], limited: boolean) {
  const statuses = names.map((name) => PROBLEMS[name].status);
  const has = (...wanted: readonly number[]) => statuses.some((status) => wanted.includes(status));
  const own: AnswerHeader[] = [];
  if (has(429, 503)) own.push('Retry-After');
  if (names.some((name) => name === 'unauthenticated' || name === 'insufficient-scope'))
    own.push('WWW-Authenticate');
  if (names.includes('precondition-failed')) own.push('ETag');
  if (names.includes('not-acceptable')) own.push('Vary');
  // An unauthenticated request is not counted: its client is unknown.
  return headersOfAnswer(own, limited && !has(401));
}

function references(names: readonly AnswerHeader[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
