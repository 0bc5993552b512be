/**
 * `npm run rebuild-view`: rebuilds the order history from its received events while the system runs. A history that lacks
 * pruned events starts from the services' own rows.
 */
import { readAsOf } from '../../projections/order-history/read';
import { rebuildView } from '../../projections/order-history/rebuild';
import { options, runCommand } from '../../platform/command';
import { readConfig } from '../../platform/config';
import { createHistoryDatabase } from '../../prisma/history/client';
import { historyDatabaseUrl, openReadOnly } from '../databases';
import { serviceSnapshot } from '../service-snapshot';

runCommand({
  usage: `npm run rebuild-view   rebuilds the order history from its received events while the system runs

A history that lacks pruned events starts from the services' own rows. The database is ORDER_HISTORY_DATABASE_URL, else
that of npm start.`,
  read: options({}),
  failure: { code: 1, words: 'The rebuild failed' },
  run: async () => {
    const config = readConfig();
    const db = createHistoryDatabase(historyDatabaseUrl(config));
    const began = Date.now();
    const services = (await readAsOf(db)).complete ? undefined : openReadOnly(config);
    if (services) console.log("The order history lacks pruned events: it starts from the services' rows.");
    const { generation, events } = await rebuildView(
      db,
      (applied, all) => {
        console.log(`  ${String(applied)} of ${String(all)} events`);
      },
      services && serviceSnapshot(services),
    );
    const seconds = ((Date.now() - began) / 1_000).toFixed(1);
    console.log(`Generation ${String(generation)} answers now: ${String(events)} events in ${seconds} s`);
    await Promise.all([services?.close(), db.$disconnect()]);
    return 0;
  },
});
