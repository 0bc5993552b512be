/** `npm run repair`. Exit code 0: no violation needs an operator; 1: some do; 2: the repair failed to run. */
import { parseArgs } from 'node:util';
import { readConfig } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { openReadOnly } from '../databases';
import { graceOf } from '../grace-option';
import { RepairRun } from './repair-run';
import { connectTo, temporalOf } from '../temporal';

const USAGE = `npm run repair [-- --dry-run]   lists the sagas that it would start again
npm run repair -- --apply       starts them again; rebuilds the order history from the services' rows, if it differs

  --grace SECONDS   how long a suspected violation has to settle before it counts as one; default: 5`;

/** The repair failed to run. */
const FAILED = 2;

async function main(): Promise<number> {
  const { apply, graceMs } = readArguments();
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
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        apply: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        grace: { type: 'string' },
      },
    });
    if (values.apply && values['dry-run'])
      throw new Error('--dry-run and --apply exclude each other: use one');
    return { apply: values.apply, graceMs: graceOf(values.grace) };
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`The repair failed to run: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(FAILED);
  },
);
