/** `npm run rebuild-view`: rebuilds the order history from its received events while the system runs. */
import { rebuildView } from '../../projections/order-history/rebuild';
import { options, runCommand } from '../../platform/command';
import { readConfig } from '../../platform/config';
import { createHistoryDatabase } from '../../prisma/history/client';
import { historyDatabaseUrl } from '../databases';

runCommand({
  usage: `npm run rebuild-view   rebuilds the order history from its received events while the system runs

The database is ORDER_HISTORY_DATABASE_URL, else that of npm start.`,
  read: options({}),
  failure: { code: 1, words: 'The rebuild failed' },
  run: async () => {
    const db = createHistoryDatabase(historyDatabaseUrl(readConfig()));
    const began = Date.now();
    const { generation, events } = await rebuildView(db, (applied, all) => {
      console.log(`  ${String(applied)} of ${String(all)} events`);
    });
    const took = ((Date.now() - began) / 1_000).toFixed(1);
    console.log(`Generation ${String(generation)} answers now: ${String(events)} events in ${took} s`);
    await db.$disconnect();
    return 0;
  },
});
