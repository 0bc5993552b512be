/**
 * Runs Prisma's schema engine, as `prisma migrate` does, in its WebAssembly build: the native binary would need a download.
 * It uses the standard `_prisma_migrations` table.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type {
  MigrationList,
  SchemaEngine,
  SchemasContainer,
} from '@prisma/schema-engine-wasm/schema_engine_bg';
import { sessionOptions } from '../platform/postgres-session';
import { ROOT } from '../platform/project-paths';

/** The databases, by the service that owns each. */
export const SERVICE_NAMES = ['order', 'customer', 'history'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** The migrations manage all tables and enums. */
export const NO_FILTER = { externalTables: [], externalEnums: [] };

/** The prisma folder of the sources: migrations are data and are not compiled. */
const PRISMA_FOLDER = path.join(ROOT, 'prisma');

export function schemaPath(service: ServiceName): string {
  return path.join(PRISMA_FOLDER, service, 'schema.prisma');
}

export function migrationsPath(service: ServiceName): string {
  return path.join(PRISMA_FOLDER, service, 'migrations');
}

/** Returns the service's schema in the engine's format. */
export async function readSchema(service: ServiceName): Promise<SchemasContainer> {
  const file = schemaPath(service);
  return { files: [{ path: file, content: await readFile(file, 'utf8') }] };
}

/** Returns the service's migrations in the engine's format, ordered by name. */
export async function readMigrations(service: ServiceName): Promise<MigrationList> {
  const baseDir = migrationsPath(service);
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const migrationDirectories = await Promise.all(
    names.sort().map(async (name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: {
          tag: 'ok' as const,
          value: await readFile(path.join(baseDir, name, 'migration.sql'), 'utf8'),
        },
      },
    })),
  );
  const lockfile = {
    path: 'migration_lock.toml',
    content: await readFile(path.join(baseDir, 'migration_lock.toml'), 'utf8'),
  };
  return { baseDir, lockfile, shadowDbInitScript: '', migrationDirectories };
}

/** Runs `work` with an engine that is connected to the database at `url`; frees the engine afterwards. */
export async function withSchemaEngine<T>(
  service: ServiceName,
  url: string,
  work: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const bindings = await loadEngine();
  const adapters = new WholeScriptAdapter(sessionOptions(url, 'migrations'));
  const factory = bindMigrationAwareSqlAdapterFactory(adapters);
  const { files } = await readSchema(service);
  const datamodels = files.map((file): [string, string] => [file.path, file.content]);
  const engine = await bindings.SchemaEngine.new({ datamodels }, () => undefined, factory);
  try {
    return await work(engine);
  } finally {
    engine.free();
    await adapters.disconnect();
  }
}

/**
 * Sends a script as one query, which the server runs as one transaction. The adapter would split it at every semicolon,
 * even inside a function body.
 */
class WholeScriptAdapter extends PrismaPg {
  readonly #connected: { dispose(): Promise<void> }[] = [];

  override async connect() {
    const adapter = await super.connect();
    this.#connected.push(adapter);
    adapter.executeScript = async (script) => {
      await adapter.underlyingDriver().query(script);
    };
    return adapter;
  }

  /** Closes the connections, which the engine leaves open. */
  async disconnect(): Promise<void> {
    await Promise.all(this.#connected.splice(0).map((adapter) => adapter.dispose()));
  }
}

type EngineModule = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

let loading: Promise<EngineModule> | undefined;

function loadEngine(): Promise<EngineModule> {
  loading ??= instantiate();
  return loading;
}

/** Replaces the package's entry, which imports the .wasm file as a module: Node does not support that. */
async function instantiate(): Promise<EngineModule> {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const folder = path.dirname(createRequire(__filename).resolve('@prisma/schema-engine-wasm'));
  const code = await readFile(path.join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': { ...bindings } });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return bindings;
}
