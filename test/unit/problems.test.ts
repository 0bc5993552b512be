import { expect, test } from '@jest/globals';
import { asProblem } from '../../api/http/problem-handler';
import { PROBLEMS, Problem } from '../../api/http/problems';
import { newOrderBody, ordersQuery } from '../../api/orders/order-json';
import { valid } from '../../api/http/validation';

function named(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name }, more);
}

test.each([
  ['internal', new Error('connect ECONNREFUSED 127.0.0.1:5432')],
  ['internal', named('PrismaClientKnownRequestError', 'Unique constraint failed', { code: 'P2002' })],
  ['internal', named('PrismaClientValidationError', 'Invalid value')],
  ['internal', 'thrown text'],
  ['internal', undefined],
  ['database-unavailable', named('PrismaClientKnownRequestError', 'x', { code: 'P1001' })],
  ['database-unavailable', named('DriverAdapterError', 'DatabaseNotReachable')],
  ['database-unavailable', named('PrismaClientUnknownRequestError', 'Connection terminated unexpectedly')],
  ['malformed-request', named('URIError', "Failed to decode param '%zz'", { status: 400 })],
  [
    'malformed-request',
    named('SyntaxError', 'Unexpected token', { status: 400, type: 'entity.parse.failed' }),
  ],
  ['too-large', named('PayloadTooLargeError', 'x', { status: 413, type: 'entity.too.large' })],
  ['unsupported-media-type', named('UnsupportedMediaTypeError', 'x', { status: 415 })],
  ['internal', named('InternalServerError', 'x', { status: 500 })],
  ['not-found', new Problem('not-found', 'x')],
])('the problem is %s', (problem, error) => {
  const { problem: answered, detail } = asProblem(error);
  expect(answered).toBe(problem);
  // What libraries say stays in the log.
  if (error instanceof Error && error.message !== 'x' && !(error instanceof Problem)) {
    expect(detail).not.toContain(error.message);
  }
});

test('every problem has an error status', () => {
  for (const { status } of Object.values(PROBLEMS)) expect(status).toBeGreaterThanOrEqual(400);
});

function errorsOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error.errors?.map(({ pointer }) => pointer);
    throw error;
  }
  return 'none';
}

const order = {
  customerId: '0190b2c5-0000-7000-8000-000000000001',
  orderTotal: { amount: '1.00', currency: 'USD' },
};

test.each([
  [order, 'none'],
  [undefined, ['']],
  [[], ['']],
  [{ ...order, 'a/b~c': 1 }, ['/a~1b~0c']],
  [{ ...order, orderTotal: { ...order.orderTotal, tip: '1' } }, ['/orderTotal/tip']],
  [{ ...order, customerId: 'x' }, ['/customerId']],
  [{}, ['/customerId', '/orderTotal']],
  [JSON.parse('{"__proto__": {"customerId": "x"}}'), ['/customerId', '/orderTotal', '/__proto__']],
])('%j: a pointer to each invalid part', (body, pointers) => {
  expect(errorsOf(() => valid(newOrderBody, body))).toEqual(pointers);
});

test.each([
  [{}, 'none'],
  [{ limit: '100' }, 'none'],
  [{ limit: '0' }, ['/limit']],
  [{ limit: '101' }, ['/limit']],
  [{ limit: '' }, ['/limit']],
  [{ limit: '1.5' }, ['/limit']],
  [{ limit: '0x10' }, ['/limit']],
  [{ limit: ['5', '6'] }, ['/limit']],
  [{ state: 'DONE' }, ['/state']],
  [{ customerId: '1' }, ['/customerId']],
  [{ page: '2' }, ['/page']],
])('the query %j', (query, pointers) => {
  expect(errorsOf(() => valid(ordersQuery, query))).toEqual(pointers);
});
