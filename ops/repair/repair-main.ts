/** `npm run repair`: exit code 0 when nothing is left for a person, 1 when something is, 2 when it could not look. */
import { parseArgs } from 'node:util';
import { readConfig } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { openReadOnly } from '../databases';
import { graceOf } from '../grace-option';
import { RepairRun } from './repair-run';
import { connectTo, temporalOf } from '../temporal';

const USAGE = `npm run repair [-- --dry-run]   says what it would start again
npm run repair -- --apply       starts it again: sagas that were terminated or lost, the order history's following

  --grace SECONDS   how long what looks wrong has to come right before it counts as wrong; 5`;

/** It could not look. */
const UNDECIDED = 2;

async function main(): Promise<number> {
  const { apply, graceMs } = readArguments();
  const config = readConfig();
  installTemporalRuntime(createLogger('silent'));
  const databases = openReadOnly(config);
  const { client, connection } = await connectTo(temporalOf(config));
  const repairRun = new RepairRun(config, client, databases, apply, graceMs);
  await repairRun.sagasThatBroke();
  await repairRun.whatTheAuditFinds();
  await databases.close();
  await connection.close();
  const { repaired, repairable, forAPerson } = repairRun.counts;
  console.log(
    `${String(repaired)} started again, ${String(repairable)} could be (--apply), ${String(forAPerson)} for a person to look at`,
  );
  return forAPerson > 0 ? 1 : 0;
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
    if (values.apply && values['dry-run']) throw new Error('either --dry-run or --apply, not both');
    return { apply: values.apply, graceMs: graceOf(values.grace) };
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`The repair could not look: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(UNDECIDED);
  },
);
