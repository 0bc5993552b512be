/** Checks that a service's migrations create the tables that its schema describes. */
import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DiffTarget } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { withClient } from '../platform/postgres-session';
import {
  migrationsPath,
  NO_FILTER,
  readSchema,
  schemaPath,
  type ServiceName,
  withSchemaEngine,
} from './schema-engine';

/**
 * Path of a copy of the schema as of the last migration. The WebAssembly build of the schema engine can compare two
 * schemas, but cannot read one from a database.
 */
function snapshotPath(service: ServiceName): string {
  return path.join(migrationsPath(service), 'schema.snapshot.prisma');
}

export async function keepSnapshot(service: ServiceName): Promise<void> {
  await copyFile(schemaPath(service), snapshotPath(service));
}

/** @returns the SQL of the next migration: the changes of the schema since the last one; '' when there are none */
export async function changesSinceSnapshot(service: ServiceName, url: string): Promise<string> {
  const file = snapshotPath(service);
  const files = [{ path: file, content: await readFile(file, 'utf8') }];
  return scriptToSchema(service, url, { tag: 'schemaDatamodel', files });
}

/** @returns the SQL that creates the tables of the schema in an empty database */
export function schemaScript(service: ServiceName, url: string): Promise<string> {
  return scriptToSchema(service, url, { tag: 'empty' });
}

async function scriptToSchema(service: ServiceName, url: string, from: DiffTarget): Promise<string> {
  const { files } = await readSchema(service);
  const to: DiffTarget = { tag: 'schemaDatamodel', files };
  const { stdout } = await withSchemaEngine(service, url, (engine) =>
    engine.diff({ from, to, script: true, exitCode: null, filters: NO_FILTER }),
  );
  const script = stdout?.trim() ?? '';
  return script.startsWith('-- This is an empty migration') ? '' : script;
}

/**
 * Compares the columns and indexes of two databases. It ignores CHECK constraints and functions, which a Prisma schema
 * cannot express.
 *
 * @returns one line for each difference: `-` only the migrations create it, `+` only the schema has it
 */
export async function catalogDifferences(migratedUrl: string, schemaUrl: string): Promise<string[]> {
  const [migrated, described] = [await catalogOf(migratedUrl), await catalogOf(schemaUrl)];
  return [
    ...migrated.filter((line) => !described.includes(line)).map((line) => `- ${line}`),
    ...described.filter((line) => !migrated.includes(line)).map((line) => `+ ${line}`),
  ];
}

function catalogOf(url: string): Promise<string[]> {
  return withClient(url, 'check', async (client) => {
    const { rows } = await client.query<{ line: string }>(`
      SELECT concat_ws(' ', table_name, column_name, udt_name, datetime_precision, is_nullable, column_default) AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
      UNION ALL
      SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
      ORDER BY line`);
    return rows.map(({ line }) => line);
  });
}
