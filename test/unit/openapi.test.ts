import { expect, test } from '@jest/globals';
import { openApiDocument } from '../../api/operations/openapi';
import { dereferenced } from '../support/openapi';
import { OPERATIONS } from '../../api/operations/http-operations';

const document = dereferenced(openApiDocument(OPERATIONS));

test('every operation is described once, under its path and method', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort());
  expect(new Set(OPERATIONS.map(({ operationId }) => operationId)).size).toBe(OPERATIONS.length);
});

test('the documented body of an order is the validated one', () => {
  expect(document.paths['/orders']?.['post']).toMatchObject({
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['customerId', 'orderTotal'],
            additionalProperties: false,
            properties: {
              customerId: { type: 'string', format: 'uuid' },
              orderTotal: { required: ['amount', 'currency'], properties: { amount: { type: 'string' } } },
            },
          },
        },
      },
    },
    responses: {
      201: { headers: { Location: {} } },
      202: { headers: { Location: {} } },
      400: { content: { 'application/problem+json': {} } },
      422: {},
      503: { headers: { 'Retry-After': {} } },
    },
  });
});

test('no query parameter of a page is required', () => {
  expect(document.paths['/orders']?.['get']).toMatchObject({
    parameters: ['customerId', 'state', 'limit', 'cursor'].map((name) => ({ name, in: 'query' })),
  });
  expect(JSON.stringify(document.paths['/orders']?.['get'])).not.toContain('"required":true');
});

/** @returns the values under this key, anywhere in it */
function under(key: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string, unknown][] = Object.entries(value);
  return entries.flatMap(([name, inner]) => [...(name === key ? [inner] : []), ...under(key, inner)]);
}

function parameter(path: string, wanted: string): unknown {
  const [parameters] = under('parameters', document.paths[path]?.['get']);
  const all: unknown[] = Array.isArray(parameters) ? parameters : [];
  return under(
    'schema',
    all.find((each) => under('name', each)[0] === wanted),
  )[0];
}

const patternOf = (schema: unknown) => new RegExp(String(under('pattern', schema)[0]), 'u');

test('the document is as strict as the validation', () => {
  const limit = { type: 'integer', minimum: 1 };
  expect(parameter('/orders', 'limit')).toEqual({ ...limit, maximum: 100 });
  expect(parameter('/events', 'limit')).toEqual({ ...limit, maximum: 500 });
  const types = patternOf(parameter('/events', 'type'));
  expect(['OrderCreated', 'OrderCreated,CustomerCreated'].every((list) => types.test(list))).toBe(true);
  expect(['', 'Order', 'OrderCreated,'].some((list) => types.test(list))).toBe(false);
});

test.each([
  ['name', ['Ada', ' Zoë Ω '], ['', '  ', 'a\u0000', 'tab\there']],
  ['currency', ['USD'], ['usd', '00', 'USDX']],
  ['amount', ['0', '12.34', '1.000', '999999999999999'], ['', '-1', '01', '1.', '.5', '1e3', ' 1']],
])('the pattern of %s accepts %j, and refuses %j', (name, good, bad) => {
  const [schema] = under(name, under('properties', document.paths['/customers']?.['post']));
  const pattern = patternOf(schema);
  expect(good.filter((value) => !pattern.test(value))).toEqual([]);
  expect(bad.filter((value) => pattern.test(value))).toEqual([]);
});
