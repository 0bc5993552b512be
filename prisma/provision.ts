/**
 * Creates a service's database and its roles: the owner, which changes the schema, and the login role of the service,
 * which has only the privileges that the steps need. Neither role can connect to any other database.
 */
import type { Client } from 'pg';
import { withMigrationLock } from './migration-lock';

export interface DatabaseRoles {
  readonly database: string;
  readonly owner: string;
  readonly ownerPassword: string;
  readonly login: string;
  readonly loginPassword: string;
}

/** The URLs of a database: one for migrations, one for the service. */
export interface DatabaseUrls {
  readonly ownerUrl: string;
  readonly serviceUrl: string;
}

/**
 * Is idempotent, and any number of processes may do it at once; every call sets the passwords.
 *
 * @param adminUrl URL with a role that may create databases and roles
 */
export async function provision(adminUrl: string, roles: DatabaseRoles): Promise<DatabaseUrls> {
  const { database, owner, ownerPassword, login, loginPassword } = roles;
  await withMigrationLock(adminUrl, async (admin) => {
    // A server whose default is md5 would refuse the password where its pg_hba.conf requires SCRAM.
    await admin.query(`SET password_encryption = 'scram-sha-256'`);
    await createRole(admin, owner, ownerPassword);
    await createRole(admin, login, loginPassword);
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0)
      await admin.query(`CREATE DATABASE ${name(admin, database)} OWNER ${name(admin, owner)}`);
    await grantConnect(admin, roles);
    await closeMaintenanceDatabases(admin);
  });
  const ownerUrl = databaseUrl(adminUrl, database, owner, ownerPassword);
  await withMigrationLock(ownerUrl, (client) => grantSteps(client, login));
  return { ownerUrl, serviceUrl: databaseUrl(adminUrl, database, login, loginPassword) };
}

/** Returns the database and the roles that the two URLs name. */
export function rolesOf(ownerUrl: string, serviceUrl: string): DatabaseRoles {
  const [owner, login] = [new URL(ownerUrl), new URL(serviceUrl)];
  return {
    database: decodeURIComponent(owner.pathname.slice(1)),
    owner: decodeURIComponent(owner.username),
    ownerPassword: decodeURIComponent(owner.password),
    login: decodeURIComponent(login.username),
    loginPassword: decodeURIComponent(login.password),
  };
}

/** Lets only the two roles connect: without PUBLIC, the roles of other services cannot. */
export async function grantConnect(
  admin: Client,
  { database, owner, login }: Pick<DatabaseRoles, 'database' | 'owner' | 'login'>,
): Promise<void> {
  await admin.query(`REVOKE ALL ON DATABASE ${name(admin, database)} FROM PUBLIC`);
  await admin.query(
    `GRANT CONNECT ON DATABASE ${name(admin, database)} TO ${name(admin, owner)}, ${name(admin, login)}`,
  );
}

/**
 * Takes PUBLIC's right to connect to the databases that every server has: no role of a service needs them. They are left as
 * they are when the admin's role does not own them.
 */
async function closeMaintenanceDatabases(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(`
    SELECT datname FROM pg_database
    WHERE datname IN ('postgres', 'template1') AND pg_get_userbyid(datdba) = current_user
      AND (datacl IS NULL OR EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0))`);
  for (const { datname } of rows)
    await admin.query(`REVOKE ALL ON DATABASE ${name(admin, datname)} FROM PUBLIC`);
}

/** Returns `adminUrl` with another database and role. */
export function databaseUrl(adminUrl: string, database: string, user: string, password: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

async function createRole(admin: Client, role: string, password: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  if (rowCount === 0) await admin.query(`CREATE ROLE ${name(admin, role)}`);
  await admin.query(`ALTER ROLE ${name(admin, role)} LOGIN PASSWORD ${admin.escapeLiteral(password)}`);
}

/** Grants privileges on current tables and on those of later migrations: the service may not delete rows. */
async function grantSteps(owner: Client, login: string): Promise<void> {
  const role = name(owner, login);
  await owner.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
  await owner.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
  const grants = [
    ['SELECT, INSERT, UPDATE', 'TABLES'],
    ['USAGE', 'SEQUENCES'],
    ['EXECUTE', 'FUNCTIONS'],
  ] as const;
  for (const [privileges, objects] of grants) {
    await owner.query(
      `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ${privileges} ON ${objects} TO ${role}`,
    );
    await owner.query(`GRANT ${privileges} ON ALL ${objects} IN SCHEMA public TO ${role}`);
  }
}

function name(client: Client, identifier: string): string {
  return client.escapeIdentifier(identifier);
}
