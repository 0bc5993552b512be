import { expect, test } from '@jest/globals';
import { isDatabaseUnavailable } from '../../api/http/database-errors';

const CONNECTION_LOST = 'Client has encountered a connection error and is not queryable';

/** As the driver throws it, when Prisma does not wrap it. */
function thrownIn(file: string, message: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at /app/${file}:767:27`;
  return error;
}

test('errors of the driver about a lost connection mean that the database is unavailable', () => {
  expect(isDatabaseUnavailable(thrownIn('node_modules/pg/lib/client.js', CONNECTION_LOST))).toBe(true);
  const cut = 'Connection terminated unexpectedly';
  expect(isDatabaseUnavailable(thrownIn('node_modules/pg-pool/index.js', cut))).toBe(true);
  expect(isDatabaseUnavailable(thrownIn('node_modules/@prisma/adapter-pg/dist/index.js', cut))).toBe(true);
});

test('a database that an operator has closed to new connections is unavailable', () => {
  for (const message of [
    'the database system is not accepting connections',
    'database "orders" is not currently accepting connections',
  ])
    expect(isDatabaseUnavailable(thrownIn('node_modules/pg/lib/client.js', message))).toBe(true);
});

test('the same message of another module, and other messages of the driver, do not', () => {
  expect(
    isDatabaseUnavailable(thrownIn('node_modules/@grpc/grpc-js/build/src/call.js', CONNECTION_LOST)),
  ).toBe(false);
  expect(isDatabaseUnavailable(thrownIn('node_modules/pg/lib/client.js', 'cannot read properties'))).toBe(
    false,
  );
});
