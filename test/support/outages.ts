/** Locks and outages that a test causes: a row, a table, a database. */
import { Client } from 'pg';
import { rowsOf } from './databases';

export interface Lock {
  /** In the transaction that holds it. */
  query(statement: string, values: unknown[]): Promise<unknown>;
  release(): Promise<void>;
}

/** Runs a statement that locks, and keeps its transaction open. */
export async function hold(adminUrl: string, statement: string, values: unknown[] = []): Promise<Lock> {
  const holder = new Client({ connectionString: adminUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(statement, values);
  return {
    query: (text, parameters) => holder.query(text, parameters),
    release: async () => {
      await holder.query('COMMIT');
      await holder.end();
    },
  };
}

/** A customer's row, so that its orders wait for credit. */
export function holdCustomer(adminCustomerUrl: string, customerId: string): Promise<Lock> {
  return hold(adminCustomerUrl, 'SELECT FROM customers WHERE id = $1 FOR UPDATE', [customerId]);
}

/** Refuses new connections to the database, and cuts the existing ones. */
export async function refuseConnections(adminUrl: string): Promise<void> {
  const name = nameOf(adminUrl);
  await rowsOf(besides(adminUrl), `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await rowsOf(
    besides(adminUrl),
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
    [name],
  );
}

export async function allowConnections(adminUrl: string): Promise<void> {
  await rowsOf(besides(adminUrl), `ALTER DATABASE ${nameOf(adminUrl)} ALLOW_CONNECTIONS true`);
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);
const besides = (url: string): string => Object.assign(new URL(url), { pathname: '/postgres' }).href;
