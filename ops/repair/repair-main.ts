/** `npm run repair`. Exit code 0: no violation needs an operator; 1: some do; 2: the repair failed to run. */
import { flag, options, runCommand, seconds } from '../../platform/command';
import { readConfig } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { openReadOnly } from '../databases';
import { RepairRun } from './repair-run';
import { connectTo, temporalOf } from '../temporal';

const USAGE = `npm run repair [-- --dry-run]   lists the sagas that it would start again
npm run repair -- --apply       starts them again; rebuilds the order history from the services' rows, if it differs

  --grace SECONDS   how long a suspected violation has to settle before it counts as one; default: 5`;

const readOptions = options({ apply: flag, 'dry-run': flag, grace: seconds.optional() });

runCommand({
  usage: USAGE,
  read: (args) => {
    const { apply, 'dry-run': dryRun, grace } = readOptions(args);
    if (apply && dryRun) throw new Error('--dry-run and --apply exclude each other: use one');
    return { apply, graceMs: grace };
  },
  failure: { code: 2, words: 'The repair failed to run' },
  run: async ({ apply, graceMs }) => {
    const config = readConfig();
    installTemporalRuntime(createLogger('silent'));
    const databases = openReadOnly(config);
    const { client, connection } = await connectTo(temporalOf(config));
    const repairRun = new RepairRun(config, client, databases, apply, graceMs);
    await repairRun.repairBrokenSagas();
    await repairRun.repairViolations();
    await databases.close();
    await connection.close();
    const { repaired, repairable, manual } = repairRun.counts;
    console.log(
      `${String(repaired)} started again, ${String(repairable)} could be (--apply), ${String(manual)} for a person to look at`,
    );
    return manual > 0 ? 1 : 0;
  },
});
