/**
 * `npm run audit`: checks all invariants over both services' databases, the order history and Temporal. Exit code 0: they
 * hold; 1: one is violated; 2: the audit failed to run.
 */
import { flag, options, runCommand, seconds } from '../../platform/command';
import { readConfig } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { openReadOnly } from '../databases';
import { progressBar } from '../progress-bar';
import { connectTo, temporalOf } from '../temporal';
import { audit } from './audit';
import { formatReport } from './audit-report';
import { orderCount } from './facts';

const USAGE = `npm run audit [-- --json] [--grace SECONDS]

  --json            the report as JSON, with every violation
  --grace SECONDS   how long a suspected violation has to settle before it counts as one; default: 5

The audit uses the databases and the Temporal server of the environment (ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL,
ORDER_HISTORY_DATABASE_URL, TEMPORAL_ADDRESS, …), else those of npm start.`;

const readOptions = options({ json: flag, grace: seconds.optional() });

runCommand({
  usage: USAGE,
  read: readOptions,
  failure: { code: 2, words: 'The audit failed to run' },
  run: async ({ json, grace: graceMs }) => {
    const config = readConfig();
    installTemporalRuntime(createLogger('silent'));
    const databases = openReadOnly(config);
    const { client, connection } = await connectTo(temporalOf(config));
    const bar = progressBar('auditing', ' orders');
    const onProgress = (orders: number) => {
      bar.update(orders);
    };
    bar.start(await orderCount(databases), 0);
    const report = await audit({ databases, client }, { graceMs, onProgress }).finally(() => {
      bar.stop();
    });
    await databases.close();
    await connection.close();
    console.log(
      json ? JSON.stringify(report, undefined, 2) : formatReport(report, databases.history !== undefined),
    );
    return Object.values(report.invariants).some(({ violated }) => violated > 0) ? 1 : 0;
  },
});
