/** No input of any kind gives 500: every parameter, header, path and body of the API, with the values that break servers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OPERATIONS } from '../../api/operations/http-operations';
import { testSeed } from '../simulator/seed';
import { forgedCursor } from '../support/forged-cursor';
import { type RawAnswer, type RawRequest, send } from '../support/raw-http';
import { startSystem, type TestSystem } from '../support/system';

/** 40 for each operation and each kind of place: about a thousand requests. */
const RUNS = 40;

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ history: true });
});
afterAll(() => system.stop());

const SEED = testSeed();
const ID = '0190b2c5-0000-7000-8000-000000000001';
const base64 = (text: string) => Buffer.from(text).toString('base64url');
/** Percent signs stay, so that some encodings are invalid. */
const encoded = (text: string) =>
  encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd')).replaceAll('%25', '%');
const feedCursor = (position: unknown, feedId: unknown = ID, eventId: unknown = '1-1') =>
  forgedCursor(JSON.stringify({ '/order-service': [feedId, position, eventId] }));

const NASTY = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  '9'.repeat(400),
  '9223372036854775808',
  'NaN',
  'null',
  'true',
  '[]',
  '{}',
  '\0',
  'a\0b',
  '\u00ff\u00fe',
  '%00',
  '%ff',
  '%zz',
  '%ED%A0%80',
  "' OR 1=1 --",
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'x'.repeat(5_000),
  ID,
  ID.toUpperCase(),
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ...['0000-01-01', '0000-12-31', '9999-12-31', '2026-02-30', '-001-01-01'].map((day) =>
    base64(`${day}T00:00:00.000Z ${ID}`),
  ),
  base64(`2026-01-01T24:00:00.000Z ${ID}`),
  base64(`2026-01-01T00:00:00.000Z ${ID.replaceAll('0', '\0')}`),
  ...['0', '9'.repeat(18), '9'.repeat(19), '9'.repeat(99), '-1', 1, null, {}].map((position) =>
    feedCursor(position),
  ),
  feedCursor('1', null),
  feedCursor('1', ID, '\0'),
  forgedCursor('['.repeat(5_000)),
  forgedCursor('{"__proto__":1}'),
  forgedCursor('{"/order-service":["","",""]}'),
  `${ID}.999999999`,
  `"${ID}.9999999999"`,
  'wait=99999999999999999999',
  'wait=-1',
  '*',
  '"*"',
  'W/"x"',
];
const nasty = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);
/** Bytes that may stand in a header, so that the application gets it. */
const headerValue = nasty.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?'));

const jsonText = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(
    '['.repeat(8_000),
    `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
    '{"name":"a\\u0000b","creditLimit":{"amount":"1.00","currency":"USD"}}',
    '{"name":"\\ud800","creditLimit":{"amount":"1.00","currency":"USD"}}',
    '{"name":"\\ufffe","creditLimit":{"amount":"1.00","currency":"USD"}}',
    '{"name":"A","name":"B","creditLimit":{"amount":"1.00","currency":"USD"}}',
    '{"name":"A","creditLimit":{"amount":1e999,"currency":"USD"}}',
    `{"name":"A","creditLimit":{"amount":"${'9'.repeat(20)}","currency":"USD"}}`,
    `{"customerId":"${ID}","orderTotal":{"amount":"0.01","currency":"__proto__"}}`,
    `{"customerId":"${ID}","orderTotal":{"__proto__":{"amount":"1.00"}}}`,
    `{"customerId":{"toString":1},"orderTotal":[["1.00","USD"]]}`,
    `{"customerId":"${ID}\\u0000","orderTotal":{"amount":"1.00","currency":"USD"}}`,
  ),
);

function expectNo500(request: RawRequest, answer: RawAnswer): void {
  const about = `${request.method} ${request.target.slice(0, 300)} ${JSON.stringify(request.headers)} ${String(request.body ?? '').slice(0, 300)}`;
  const { status, headers, body } = answer;
  if (status === 0 || status >= 500) throw new Error(`${about}\n=> ${String(status)} ${body}`);
  if (status >= 400 && request.method !== 'HEAD')
    expect([about, headers['content-type']]).toEqual([about, 'application/problem+json']);
}

test('each value as Last-Event-ID of a stream', async () => {
  for (const value of NASTY) {
    const id = value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
    const headers = [
      ['Accept', 'text/event-stream'],
      ['Last-Event-ID', id],
    ] as const;
    const request = { method: 'HEAD', target: '/events', headers };
    expectNo500(request, await send(system.url, request));
  }
});

const JSON_TYPE = ['Content-Type', 'application/json'] as const;

describe.each(OPERATIONS)('$method $path', ({ method, path, query, headers, body }) => {
  const target = (id: string) => path.replace('{id}', () => id);
  const check = (arbitrary: fc.Arbitrary<RawRequest>) =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (request) => {
        expectNo500(request, await send(system.url, request));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  const http = fc.constantFrom(method.toUpperCase(), ...(method === 'get' ? ['HEAD'] : []));

  if (path.includes('{id}'))
    test('ids', () =>
      check(
        fc.record({
          method: http,
          target: nasty.map((id) => target(encoded(id))),
        }),
      ));

  if (query) {
    const names = [...Object.keys(query.shape), 'sort'];
    const parameter = (name: string, value: string) => `${name}=${encoded(value)}`;
    const list = target(ID);

    test('each value in each query parameter', async () => {
      for (const name of names)
        for (const value of NASTY) {
          const request = { method: method.toUpperCase(), target: `${list}?${parameter(name, value)}` };
          expectNo500(request, await send(system.url, request));
        }
    });

    test('query parameters', () => {
      const any = fc
        .tuple(fc.constantFrom(...names, ...names.map((name) => `${name}[]`)), nasty)
        .map(([name, value]) => parameter(name, value));
      const all = fc.array(any, { minLength: 1, maxLength: 3 });
      return check(fc.record({ method: http, target: all.map((some) => `${list}?${some.join('&')}`) }));
    });
  }

  test('headers', () => {
    const names = [
      ...Object.keys(headers ?? {}),
      'Accept',
      'If-Match',
      'If-None-Match',
      'X-Request-Id',
      'X-Forwarded-For',
      'Content-Type',
      'Content-Encoding',
      'Last-Event-ID',
    ];
    const header = fc.tuple(fc.constantFrom(...names), headerValue);
    return check(
      fc.record({
        method: http,
        target: fc.constant(target(ID)),
        headers: fc.array(header, { minLength: 1, maxLength: 3 }),
      }),
    );
  });

  if (body)
    test('bodies', () =>
      check(
        fc.record({
          method: fc.constant('POST'),
          target: fc.constant(target(ID)),
          headers: fc.constant([JSON_TYPE]),
          body: jsonText,
        }),
      ));
});
