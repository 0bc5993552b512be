/**
 * Raw statements of hot paths, sent by node-postgres itself, with the values that Prisma's client would return. The client
 * encodes every parameter as tagged JSON and reads it back, and inspects every value of every row.
 */
import type { Sql } from '@prisma/client/runtime/client';
import type { Pool } from 'pg';
import { statementName } from './client-options';

export interface PoolSql {
  $queryRaw<Rows>(statement: Sql): Promise<Rows>;
  /** @returns number of rows that the statement changed */
  $executeRaw(statement: Sql): Promise<number>;
}

/** @param pool may be that of a client: both send the same sessions the same prepared statements */
export function poolSql(pool: Pool): PoolSql {
  const send = ({ text, values }: Sql) =>
    pool.query<Record<string, unknown>>({ name: statementName({ sql: text }), text, values });
  return {
    $queryRaw: async <Rows>(statement: Sql) => (await send(statement)).rows as Rows,
    $executeRaw: async (statement) => (await send(statement)).rowCount ?? 0,
  };
}
