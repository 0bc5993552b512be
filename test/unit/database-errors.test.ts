import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { databaseIsAway } from '../../api/database-errors';

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test('what the driver says of a connection that is gone is a database that is away', async () => {
  const client = new Client({ host: '127.0.0.1', port: 1 }).on('error', () => undefined);
  await failureOf(client.connect());
  const failure = await failureOf(client.query('SELECT 1'));
  expect(String(failure)).toContain('not queryable');
  expect(databaseIsAway(failure)).toBe(true);
});

test('the same words of somebody else are not', () => {
  expect(databaseIsAway(new Error('connect ECONNREFUSED 127.0.0.1:7233'))).toBe(false);
});
