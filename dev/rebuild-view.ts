/** `npm run rebuild-view`: builds the order history anew from its events, while the system runs. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { rebuildView } from '../history/rebuild';
import { type Config, readConfig } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { sayAndExit } from '../platform/shutdown';
import { createHistoryDatabase } from '../prisma/history/client';

async function main(): Promise<void> {
  const db = createHistoryDatabase(databaseUrl(readConfig()));
  const began = Date.now();
  const { generation, events } = await rebuildView(db, (applied, all) => {
    console.log(`  ${String(applied)} of ${String(all)} events`);
  });
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  console.log(`Generation ${String(generation)} answers now: ${String(events)} events in ${seconds} s`);
  await db.$disconnect();
}

/** The named one, or that of the running `npm start`. */
function databaseUrl(config: Config): string {
  if (config.ORDER_HISTORY_DATABASE_URL !== undefined) return config.ORDER_HISTORY_DATABASE_URL;
  const file = path.join(config.DATA_DIR, 'history_service.password');
  if (!existsSync(file)) {
    throw new ConfigError(
      `There is no order history in DATA_DIR ${config.DATA_DIR}: run npm start first, or set ORDER_HISTORY_DATABASE_URL`,
    );
  }
  const { POSTGRES_PORT: port, ORDER_HISTORY_DATABASE_NAME: name } = config;
  return `postgres://history_service:${readFileSync(file, 'utf8')}@127.0.0.1:${String(port)}/${name}`;
}

main().then(() => process.exit(0), sayAndExit);
