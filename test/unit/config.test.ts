import { expect, test } from '@jest/globals';
import { readConfig } from '../../platform/config';

test.each([
  'orders',
  'https://order_service:secret@localhost/orders',
  'postgres://localhost/orders',
  'postgres://order_service:secret@localhost',
  'postgres://order_service:secret@localhost/',
])('a database URL that leaves something to the shell is one line that names it: %s', (url) => {
  expect(() => readConfig({ ORDER_DATABASE_URL: url })).toThrow(
    /^ORDER_DATABASE_URL: must be postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE$/,
  );
});

test.each([
  'postgres://order_service:secret@localhost/orders',
  'postgresql://order_service@[::1]:5433/orders?sslmode=verify-full',
  'postgres://order_service:secret@localhost/orders?host=/var/run/postgresql',
])('a database URL: %s', (url) => {
  expect(readConfig({ ORDER_DATABASE_URL: url })).toMatchObject({ ORDER_DATABASE_URL: url });
});

test('METRICS_PORT must not be PORT', () => {
  expect(() => readConfig({ PORT: '4000', METRICS_PORT: '4000' })).toThrow(
    'METRICS_PORT: must be another port than PORT',
  );
  expect(() => readConfig({ METRICS_PORT: '3000' })).toThrow('METRICS_PORT');
});
