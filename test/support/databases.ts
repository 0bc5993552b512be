/** Databases for one test file, copied from the migrated templates. */
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
  /** As the superuser, to look at everything and to hold locks. */
  readonly adminOrderUrl: string;
  readonly adminCustomerUrl: string;
  readonly orderOwnerUrl: string;
  /** @throws Error when they were created without the order history's */
  readonly historyUrl: string;
  readonly adminHistoryUrl: string;
  drop(): Promise<void>;
}

/**
 * @param options.history whether the order history has a database too: each takes a quarter of a second of a processor
 */
export async function createTestDatabases({ history = false } = {}): Promise<TestDatabases> {
  const { adminUrl } = testServers();
  const suffix = randomBytes(6).toString('hex');
  const services = SERVICE_NAMES.filter((service) => history || service !== 'history');
  const nameOf = (service: ServiceName) => {
    if (!services.includes(service))
      throw new Error('no order history: createTestDatabases({ history: true })');
    return `${service}_${suffix}`;
  };
  await Promise.all(
    services.map((service) => asAdmin(adminUrl, (admin) => copyTemplate(admin, nameOf(service), service))),
  );
  const url = (service: ServiceName, role: string) =>
    databaseUrl(adminUrl, nameOf(service), `${service}_${role}`, PASSWORD);
  const asSuperuser = (service: ServiceName) =>
    Object.assign(new URL(adminUrl), { pathname: `/${nameOf(service)}` }).href;
  return {
    orderUrl: url('order', 'service'),
    customerUrl: url('customer', 'service'),
    orderOwnerUrl: url('order', 'owner'),
    adminOrderUrl: asSuperuser('order'),
    adminCustomerUrl: asSuperuser('customer'),
    get historyUrl() {
      return url('history', 'service');
    },
    get adminHistoryUrl() {
      return asSuperuser('history');
    },
    // Each drop waits for a checkpoint: at once they share one.
    drop: async () => {
      await Promise.all(
        services.map((service) =>
          asAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE ${nameOf(service)} WITH (FORCE)`)),
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

/** 4: for the queries of one test file, beside the product's own pools. */
const POOLED = 4;
/** 1 s: nothing else has to close these connections. */
const IDLE_MS = 1_000;

/** For many queries; ending it returns before its connections are closed, and dropping the database cuts them. */
export function poolOf(url: string): Pool {
  const options = { connectionString: url, max: POOLED, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true };
  return new Pool(options).on('error', () => undefined);
}

/** By URL. A connection of its own for each query would cost ten times as much as the query. */
const pools = new Map<string, Pool>();

/** Rows of one statement, in a transaction of its own. */
export async function rowsOf(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const pool = pools.get(url) ?? poolOf(url);
  pools.set(url, pool);
  const { rows } = await pool.query<Record<string, unknown>>(text, values);
  return rows;
}
