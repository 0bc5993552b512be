/** The examples of the OpenAPI document are what the server accepts and answers. */
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { idToCreate } from '../../api/http/idempotency';
import { requireMatch } from '../../api/http/if-match';
import { cursorAfter, readCursor } from '../../api/http/pagination';
import { preferredWaitSeconds } from '../../api/http/prefer';
import { PROBLEMS, problemSchema } from '../../api/http/problems';
import { EXAMPLES } from '../../api/operations/examples';
import { OPERATIONS } from '../../api/operations/http-operations';
import { openApiDocument } from '../../api/operations/openapi';
import { inlineSchema } from '../../api/operations/openapi-schemas';
import { PUBLIC_OPERATIONS } from '../../api/operations/public-operations';
import { cloudEventSchema } from '../../events/cloud-event';
import { decodeCursor } from '../../events/cursor';

const ALL = [...OPERATIONS, ...PUBLIC_OPERATIONS];
const document = openApiDocument(ALL);

const withExamples = z.looseObject({ pattern: z.string().optional(), examples: z.array(z.string()).min(1) });

/** The examples of a text parameter, and the documented pattern. */
const examplesOf = (schema: z.ZodType) => withExamples.safeParse(inlineSchema(schema)).data;

describe.each(ALL)('$operationId', ({ operationId, query, headers = {}, body, answers }) => {
  const { request, answers: examples = {}, orElse } = EXAMPLES[operationId] ?? {};

  test('its request', () => {
    expect(request !== undefined).toBe(body !== undefined);
    expect(body?.safeParse(request).error).toBeUndefined();
  });

  test('its answers, each with all that the example has', () => {
    const withBody = Object.entries(answers).filter(([, { schema }]) => schema);
    expect(Object.keys(examples)).toEqual(withBody.map(([status]) => status));
    for (const [status, { schema }] of withBody)
      expect(schema?.parse(examples[Number(status)])).toEqual(examples[Number(status)]);
  });

  test('its alternative', () => {
    const [schema] = Object.values(answers).flatMap((answer) => answer.orElse?.schema ?? []);
    expect(schema?.parse(orElse)).toEqual(orElse);
  });

  test('its parameters', () => {
    const inHeaders = Object.entries(headers).map(([name, { schema }]) => [name, schema] as const);
    for (const [name, schema] of [...Object.entries(query?.shape ?? {}), ...inHeaders]) {
      const { pattern = '', examples: values = [] } = examplesOf(schema) ?? {};
      for (const value of values) {
        expect([name, schema.safeParse(value).error]).toEqual([name, undefined]);
        expect(value).toMatch(new RegExp(pattern, 'u'));
      }
    }
  });
});

test('every header that a request may have has an example', () => {
  const without = OPERATIONS.flatMap(({ operationId, headers = {} }) =>
    Object.entries(headers).flatMap(([name, { schema }]) =>
      examplesOf(schema) ? [] : [`${operationId}: ${name}`],
    ),
  );
  expect(without).toEqual([]);
});

/** The first example of a header, and its pattern. */
function header(operation: string, name: string) {
  const { schema } = OPERATIONS.find(({ operationId }) => operationId === operation)?.headers?.[name] ?? {};
  const { pattern = '', examples: [example = ''] = [] } = (schema && examplesOf(schema)) ?? {};
  return { pattern: new RegExp(pattern, 'u'), example };
}

const isAccepted = (check: () => unknown) => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};

test.each(['a', '!~', 'x'.repeat(255), '', ' ', 'a b', 'é', 'x'.repeat(256), 'a\n'])(
  'the documented Idempotency-Key is the accepted one: %j',
  (key) => {
    const { pattern, example } = header('placeOrder', 'Idempotency-Key');
    expect(example).toMatch(pattern);
    expect(pattern.test(key)).toBe(isAccepted(() => idToCreate({ id: undefined }, key, 'order')));
  },
);

test.each(['*', ' * ', '"a"', 'W/"a"', '"a", "b"', 'a', '"a" "b"', '*, "a"', '', '"a'])(
  'the documented If-Match is the accepted one: %j',
  (value) => {
    const { pattern, example } = header('cancelOrder', 'If-Match');
    expect(isAccepted(() => requireMatch(example, example))).toBe(true);
    // With its own tags as the current ones, only the form decides.
    const current = /"[^"]*"/.exec(value)?.[0] ?? '';
    expect(pattern.test(value)).toBe(isAccepted(() => requireMatch(value.replace('W/', ''), current)));
  },
);

test('the other headers and cursors mean something to the server', () => {
  expect(preferredWaitSeconds(header('placeOrder', 'Prefer').example)).toBe(5);
  expect(decodeCursor(header('readEvents', 'Last-Event-ID').example)).toHaveProperty('/order-service');
  const { cursor } = OPERATIONS.find(({ operationId }) => operationId === 'listOrders')?.query?.shape ?? {};
  const [example = ''] = (cursor && examplesOf(cursor)?.examples) ?? [];
  expect(cursorAfter(readCursor(example))).toBe(example);
});

test('the stream has CloudEvents', () => {
  const [, data = ''] = /^data: (.*)$/m.exec(EXAMPLES['readEvents']?.orElse ?? '') ?? [];
  const event: unknown = JSON.parse(data);
  expect(cloudEventSchema.parse(event)).toEqual(event);
});

test('every problem of an operation has an example, which is a problem', () => {
  for (const [name, { value }] of Object.entries(document.components.examples)) {
    expect(problemSchema.parse(value)).toEqual(value);
    expect(value.type).toBe(`/problems/${name}`);
  }
  const used = new Set(ALL.flatMap(({ problems }) => problems));
  expect(Object.keys(document.components.examples).sort()).toEqual([...used].sort());
  expect([...used].every((name) => name in PROBLEMS)).toBe(true);
});

test('every example belongs to an operation', () => {
  const ids = ALL.map(({ operationId }) => operationId);
  expect(Object.keys(EXAMPLES).filter((id) => !ids.includes(id))).toEqual([]);
});
