/** Backups of a test's databases, and going back to them: under services that run on. */
import { Client } from 'pg';
import { grantConnect } from '../../prisma/provision';
import type { ServiceName } from '../../prisma/schema-engine';
import { allowConnections, refuseConnections } from './outages';

export interface Backup {
  /** The database is again as it was; what was written since is lost. */
  restore(): Promise<void>;
}

/** @param adminUrl of the database, as superuser */
export async function backUp(adminUrl: string, service: ServiceName): Promise<Backup> {
  const name = new URL(adminUrl).pathname.slice(1);
  const copy = `${name}_backup`;
  await refuseConnections(adminUrl);
  await asAdmin(adminUrl, (admin) =>
    admin.query(`CREATE DATABASE ${copy} TEMPLATE ${name} OWNER ${service}_owner`),
  );
  await allowConnections(adminUrl);
  return {
    restore: async () => {
      await refuseConnections(adminUrl);
      await asAdmin(adminUrl, async (admin) => {
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
        await admin.query(`ALTER DATABASE ${copy} RENAME TO ${name}`);
        await grantConnect(admin, { database: name, owner: `${service}_owner`, login: `${service}_service` });
      });
    },
  };
}

async function asAdmin(url: string, work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
