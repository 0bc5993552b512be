/** `npm run rebuild-view`: rebuilds the order history from its received events while the system runs. */
import { rebuildView } from '../../projections/order-history/rebuild';
import { readConfig } from '../../platform/config';
import { exitWithError } from '../../platform/shutdown';
import { createHistoryDatabase } from '../../prisma/history/client';
import { historyDatabaseUrl } from '../databases';

async function main(): Promise<void> {
  const db = createHistoryDatabase(historyDatabaseUrl(readConfig()));
  const began = Date.now();
  const { generation, events } = await rebuildView(db, (applied, all) => {
    console.log(`  ${String(applied)} of ${String(all)} events`);
  });
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  console.log(`Generation ${String(generation)} answers now: ${String(events)} events in ${seconds} s`);
  await db.$disconnect();
}

main().then(() => process.exit(0), exitWithError);
