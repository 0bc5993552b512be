import { expect, test } from '@jest/globals';
import { openApiDocument } from '../../api/operations/openapi';
import { OPERATIONS } from '../../api/operations/http-operations';

const document = openApiDocument(OPERATIONS);

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
