/** `npm run migrate:dev -- order <name>`: writes the migration for a changed schema. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { changesSinceSnapshot, keepSnapshot } from '../../prisma/check-migrations';
import { migrationsPath, SERVICE_NAMES } from '../../prisma/schema-engine';
import { makeTemplate, withScratchPostgres } from './scratch-postgres';

const USAGE = 'Usage: npm run migrate:dev -- <order|customer|history> <name-in-words>';

const readOptions = options({}, z.array(z.string()));
const wishSchema = z.tuple([z.enum(SERVICE_NAMES), z.string().regex(/^[a-z0-9_-]+$/)]);

runCommand({
  usage: `${USAGE}\n\nWrites the migration for a changed schema.`,
  read: (args) => {
    const wish = wishSchema.safeParse(readOptions(args).words);
    if (!wish.success) throw new Error(USAGE);
    return wish.data;
  },
  run: async ([service, name]) => {
    const sql = await withScratchPostgres(async (adminUrl) =>
      changesSinceSnapshot(service, await makeTemplate(adminUrl, service)),
    );
    if (sql === '') {
      console.log(`The migrations of the ${service} service match its schema; no migration is needed.`);
      return 0;
    }
    const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    const folder = path.join(migrationsPath(service), `${time}_${name.replaceAll('-', '_')}`);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'migration.sql'), `${sql}\n`);
    await keepSnapshot(service);
    console.log(
      `Wrote ${path.relative(process.cwd(), folder)}/migration.sql. Review it; npm start applies it.`,
    );
    return 0;
  },
});
