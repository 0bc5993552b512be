/** The options of every Prisma client: its pool, and the names of its prepared statements. */
import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { DATABASE_LIMITS } from '../platform/postgres-session';

/** @param pool is closed with the client */
export function clientOptions(pool: Pool) {
  const adapter = new PrismaPg(pool, { statementNameGenerator: statementName, disposeExternalPool: true });
  return { adapter, transactionOptions: { timeout: DATABASE_LIMITS.transactionMs } };
}

/** By text. The texts of our statements have no literals, so their number is small. */
const names = new Map<string, string>();

/** Returns a name derived from the statement's text, so that the server prepares each statement once per connection. */
export function statementName({ sql }: { sql: string }): string {
  const known = names.get(sql);
  if (known !== undefined) return known;
  let hash = 0;
  for (let index = 0; index < sql.length; index++) hash = (Math.imul(hash, 31) + sql.charCodeAt(index)) | 0;
  const name = `s${(hash >>> 0).toString(36)}_${String(sql.length)}`;
  names.set(sql, name);
  return name;
}
