/** A pair of databases for one test file, copied from the migrated templates. */
import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { databaseUrl, grantConnect } from '../../prisma/provision';
import { SERVICE_NAMES, type ServiceName } from '../../prisma/schema-engine';
import { testServers } from './servers';

const PASSWORD = 'test';

export interface TestDatabases {
  /** As the service logs in. */
  readonly orderUrl: string;
  readonly customerUrl: string;
  readonly historyUrl: string;
  /** As the superuser, to look at everything and to hold locks. */
  readonly adminOrderUrl: string;
  readonly adminCustomerUrl: string;
  readonly adminHistoryUrl: string;
  readonly orderOwnerUrl: string;
  drop(): Promise<void>;
}

export async function createTestDatabases(): Promise<TestDatabases> {
  const { adminUrl } = testServers();
  const suffix = randomBytes(6).toString('hex');
  const names = {
    order: `order_${suffix}`,
    customer: `customer_${suffix}`,
    history: `history_${suffix}`,
  };
  await Promise.all(
    SERVICE_NAMES.map((service) =>
      asAdmin(adminUrl, (admin) => copyTemplate(admin, names[service], service)),
    ),
  );
  const url = (service: ServiceName, role: string) =>
    databaseUrl(adminUrl, names[service], `${service}_${role}`, PASSWORD);
  const asSuperuser = (database: string) =>
    Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href;
  return {
    orderUrl: url('order', 'service'),
    customerUrl: url('customer', 'service'),
    historyUrl: url('history', 'service'),
    orderOwnerUrl: url('order', 'owner'),
    adminOrderUrl: asSuperuser(names.order),
    adminCustomerUrl: asSuperuser(names.customer),
    adminHistoryUrl: asSuperuser(names.history),
    // Each drop waits for a checkpoint: at once they share one.
    drop: async () => {
      await Promise.all(
        Object.values(names).map((name) =>
          asAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`)),
        ),
      );
    },
  };
}

/** Two copies of one template at once would collide: they take turns. */
async function copyTemplate(admin: Client, database: string, service: ServiceName): Promise<void> {
  const turn = String(SERVICE_NAMES.indexOf(service));
  await admin.query(`SELECT pg_advisory_lock(${turn})`);
  await admin.query(`CREATE DATABASE ${database} TEMPLATE ${service}_template OWNER ${service}_owner`);
  await admin.query(`SELECT pg_advisory_unlock(${turn})`);
  await grantConnect(admin, { database, owner: `${service}_owner`, login: `${service}_service` });
}

async function asAdmin(url: string, work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

/** 4: by which the tests of one file look at a database, beside what they test. */
const POOLED = 4;

/** For many queries; ending it returns before its connections are closed, and dropping the database cuts them. */
export function poolOf(url: string): Pool {
  return new Pool({ connectionString: url, max: POOLED }).on('error', () => undefined);
}

/** Rows of a query, by a connection of its own. */
export async function rowsOf(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values);
    return rows;
  } finally {
    await client.end();
  }
}
