/** `npm run rebuild-view`: builds the order history anew from its events, while the system runs. */
import { readConfig } from '../platform/config';
import { needed } from '../platform/config-error';
import { sayAndExit } from '../platform/shutdown';
import { createHistoryDatabase } from '../prisma/history/client';
import { rebuildView } from './rebuild';

async function main(): Promise<void> {
  const { ORDER_HISTORY_DATABASE_URL } = readConfig();
  const db = createHistoryDatabase(needed('ORDER_HISTORY_DATABASE_URL', ORDER_HISTORY_DATABASE_URL));
  const began = Date.now();
  const { generation, events } = await rebuildView(db, (applied, all) => {
    console.log(`  ${String(applied)} of ${String(all)} events`);
  });
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  console.log(
    `Generation ${String(generation)} of the view answers now: ${String(events)} events in ${seconds} s`,
  );
  await db.$disconnect();
}

main().then(() => process.exit(0), sayAndExit);
