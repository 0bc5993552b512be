/** Every route has a scope, or the process does not start. */
import { expect, test } from '@jest/globals';
import { Router } from 'express';
import { OPERATIONS } from '../../api/operations/http-operations';
import { requireListed } from '../../api/operations/authorization';

const withRoute = (path: string | string[]) => {
  const router = Router();
  router.route(path as string).get((_request, response) => void response.end());
  return router;
};

test('a route that the table of operations does not have is refused, by its name', () => {
  expect(() => requireListed(withRoute('/orders/:id/secrets'))).toThrow(/^the route \/orders\/:id\/secrets /);
  expect(() => requireListed(withRoute(['/orders', '/secrets']))).toThrow(/^the route \/secrets /);
  expect(() => requireListed(withRoute('/orders/:id'))).not.toThrow();
});

test('each operation that a token of one customer reaches by its path begins with the customer', () => {
  for (const { path, forOneCustomer } of OPERATIONS)
    if (forOneCustomer === 'path') expect(path).toMatch(/^\/customers\/\{id\}/);
});
