/** Outages: a locked row, a locked table, a database without connections. */
import { connectClient } from '../../platform/postgres-session';

export interface Outage {
  end(): Promise<void>;
}

/** Rejects new connections to the database and terminates its sessions. */
export async function databaseAway(adminUrl: string): Promise<Outage> {
  const name = new URL(adminUrl).pathname.slice(1);
  const admin = await connectClient(
    Object.assign(new URL(adminUrl), { pathname: '/postgres' }).href,
    'bench',
  );
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  return {
    end: async () => {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await admin.end();
    },
  };
}

/** Every statement on the customers table waits. */
export function customersHang(adminUrl: string): Promise<Outage> {
  return hold(adminUrl, 'LOCK TABLE customers');
}

export function customerLocked(adminUrl: string, customerId: string): Promise<Outage> {
  return hold(adminUrl, 'SELECT FROM customers WHERE id = $1 FOR UPDATE', [customerId]);
}

/** Runs a locking statement and keeps its transaction open. */
async function hold(adminUrl: string, statement: string, values: readonly string[] = []): Promise<Outage> {
  const holder = await connectClient(adminUrl, 'bench');
  await holder.query('BEGIN');
  await holder.query(statement, [...values]);
  return {
    end: async () => {
      await holder.query('COMMIT');
      await holder.end();
    },
  };
}
