/** Raw queries through bare `pg`, in place of Prisma. */
import type { Sql } from '@prisma/client/runtime/client';
import type { Pool } from 'pg';

/** @returns the client, with raw queries sent by the driver as named statements */
export function overDriver<Database extends object>(database: Database, pool: Pool): Database {
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const name = names.get(text) ?? `bench${String(names.size)}`;
    names.set(text, name);
    return name;
  };
  const $queryRaw = async ({ text, values }: Sql): Promise<unknown[]> =>
    (await pool.query<object>({ name: nameOf(text), text, values: [...values] })).rows;
  return new Proxy(database, {
    get: (target, property): unknown =>
      property === '$queryRaw' ? $queryRaw : Reflect.get(target, property, target),
  });
}
