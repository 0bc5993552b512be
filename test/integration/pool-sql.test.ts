/** Hot statements are sent by the driver itself: with the same parameters they give what Prisma's client gives. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Pool } from 'pg';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { type PoolSql, poolSql } from '../../prisma/pool-sql';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';

let databases: TestDatabases;
let pool: Pool;
let client: OrderDatabase;
let driver: PoolSql;

beforeAll(async () => {
  databases = await createTestDatabases();
  pool = createPool(databases.orderUrl, 'test');
  client = createOrderDatabase(databases.orderUrl, pool);
  driver = poolSql(pool);
});
afterAll(async () => {
  await client.$disconnect();
  await databases.drop();
});

test('parameters and values of every type that hot statements have', async () => {
  const statement = sql`SELECT ${9_007_199_254_740_993n}::bigint AS position, ${7}::integer AS sequence, ${true}::boolean AS flag,
    ${null}::text AS nothing, ${'it’s "so" \\ '}::text AS text, ${'0190b2c5-0000-7000-8000-000000000001'}::uuid AS id,
    '2026-12-01T03:00:00.123Z'::timestamptz(3) AS time, ${JSON.stringify({ a: [1, 'ü'] })}::jsonb AS data,
    array_to_string(${['{a,"b"}', '\\', "c'", '']}::text[], '|') AS texts,
    (SELECT sum(n) FROM unnest(${[1n, 2n]}::bigint[]) n)::bigint AS sum, 1.5::double precision AS seconds`;
  const [rows] = await driver.$queryRaw<object[]>(statement);
  expect(rows).toEqual((await client.$queryRaw<object[]>(statement))[0]);
  expect(rows).toMatchObject({
    position: 9_007_199_254_740_993n,
    time: new Date('2026-12-01T03:00:00.123Z'),
  });
});

test('the number of changed rows', async () => {
  const update = sql`UPDATE outbox_relay SET seen_to = seen_to WHERE id = ${1}::integer`;
  expect(await driver.$executeRaw(update)).toBe(1);
  expect(await driver.$executeRaw(sql`UPDATE outbox_relay SET seen_to = 0 WHERE id = ${2}::integer`)).toBe(0);
});

test('an idle connection that the server ends is replaced', async () => {
  const backend = async () =>
    (await driver.$queryRaw<{ pid: number }[]>(sql`SELECT pg_backend_pid() AS pid`))[0]?.pid;
  const pid = await backend();
  await rowsOf(databases.adminOrderUrl, 'SELECT pg_terminate_backend($1)', [pid]);
  const next = await eventually(() => backend().catch(() => undefined));
  expect(next).not.toBe(pid);
});
