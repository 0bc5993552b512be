/**
 * `npm run audit`: whether all invariants hold, over both services' databases, the order history and Temporal. Exit
 * code 0 when they do, 1 when one is violated, 2 when it could not look.
 */
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { readConfig } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { openReadOnly } from '../databases';
import { graceOf } from '../grace-option';
import { connectTo, temporalOf } from '../temporal';
import { audit, type AuditReport } from './audit';
import { inWords } from './audit-report';
import { orderCount } from './facts';

const USAGE = `npm run audit [-- --json] [--grace SECONDS]

  --json            the answer as JSON, with every violation
  --grace SECONDS   how long what looks wrong has to come right before it counts as wrong; 5

The databases and Temporal are those of the environment (ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL,
ORDER_HISTORY_DATABASE_URL, TEMPORAL_ADDRESS, …), else those of npm start.`;

/** It could not look. */
const UNDECIDED = 2;

async function main(): Promise<number> {
  const { json, help, graceMs } = readArguments();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const config = readConfig();
  installTemporalRuntime(createLogger('silent'));
  const databases = openReadOnly(config);
  const { client, connection } = await connectTo(temporalOf(config));
  const bar = new cliProgress.SingleBar({
    format: 'auditing [{bar}] {value} of {total} orders, {duration_formatted}',
    stream: process.stderr,
    noTTYOutput: true,
    clearOnComplete: true,
  });
  let report: AuditReport;
  try {
    bar.start(await orderCount(databases), 0);
    report = await audit(
      { databases, client },
      {
        graceMs,
        onProgress: (orders) => {
          bar.update(orders);
        },
      },
    );
  } finally {
    bar.stop();
  }
  await databases.close();
  await connection.close();
  console.log(json ? JSON.stringify(report, undefined, 2) : inWords(report, databases.history !== undefined));
  return Object.values(report.invariants).some(({ violated }) => violated > 0) ? 1 : 0;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        grace: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, graceMs: graceOf(values.grace) };
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`The audit could not look: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(UNDECIDED);
  },
);
