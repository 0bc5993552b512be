/**
 * `npm run audit`: checks all invariants over both services' databases, the order history and Temporal. Exit code 0: they
 * hold; 1: one is violated; 2: the audit failed to run.
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
import { formatReport } from './audit-report';
import { orderCount } from './facts';

const USAGE = `npm run audit [-- --json] [--grace SECONDS]

  --json            the report as JSON, with every violation
  --grace SECONDS   how long a suspected violation has to settle before it counts as one; default: 5

The audit uses the databases and the Temporal server of the environment (ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL,
ORDER_HISTORY_DATABASE_URL, TEMPORAL_ADDRESS, …), else those of npm start.`;

/** The audit failed to run. */
const FAILED = 2;

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
  console.log(
    json ? JSON.stringify(report, undefined, 2) : formatReport(report, databases.history !== undefined),
  );
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
    console.error(`The audit failed to run: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(FAILED);
  },
);
