/** `npm run migrate:dev -- order <name>`: writes the migration for a changed schema. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { changesSinceSnapshot, keepSnapshot } from '../../prisma/check-migrations';
import { migrationsPath, SERVICE_NAMES, type ServiceName } from '../../prisma/schema-engine';
import { makeTemplate, withScratchPostgres } from './scratch-postgres';

const USAGE = 'Usage: npm run migrate:dev -- <order|customer|history> <name-in-words>';

async function main([service, name]: string[]): Promise<void> {
  if (!isService(service) || !name || !/^[a-z0-9_-]+$/.test(name)) throw new Error(USAGE);
  const sql = await withScratchPostgres(async (adminUrl) =>
    changesSinceSnapshot(service, await makeTemplate(adminUrl, service)),
  );
  if (sql === '') {
    console.log(`The migrations of the ${service} service match its schema; no migration is needed.`);
    return;
  }
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(migrationsPath(service), `${time}_${name.replaceAll('-', '_')}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'migration.sql'), `${sql}\n`);
  await keepSnapshot(service);
  console.log(
    `Wrote ${path.relative(process.cwd(), folder)}/migration.sql. Review it; npm start applies it.`,
  );
}

function isService(name: string | undefined): name is ServiceName {
  return SERVICE_NAMES.some((service) => service === name);
}

// Exits explicitly: the schema engine leaves a ten-second timer running.
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
