/** How a measure takes a row, a table or a database away from the product. */
import { Client } from 'pg';

export interface Outage {
  end(): Promise<void>;
}

/** Nobody may log in to the database any more, and its sessions are ended. */
export async function databaseAway(adminUrl: string): Promise<Outage> {
  const name = new URL(adminUrl).pathname.slice(1);
  const besides = new Client({
    connectionString: Object.assign(new URL(adminUrl), { pathname: '/postgres' }).href,
  });
  await besides.connect();
  await besides.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await besides.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  return {
    end: async () => {
      await besides.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await besides.end();
    },
  };
}

/** The database answers, but each step of a customer waits. */
export function customersHang(adminUrl: string): Promise<Outage> {
  return hold(adminUrl, 'LOCK TABLE customers');
}

export function customerLocked(adminUrl: string, customerId: string): Promise<Outage> {
  return hold(adminUrl, 'SELECT FROM customers WHERE id = $1 FOR UPDATE', [customerId]);
}

/** Runs a statement that locks, and keeps its transaction open. */
async function hold(adminUrl: string, statement: string, values: readonly string[] = []): Promise<Outage> {
  const holder = new Client({ connectionString: adminUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(statement, [...values]);
  return {
    end: async () => {
      await holder.query('COMMIT');
      await holder.end();
    },
  };
}
