/** `npm run repair [-- --apply]`: finds sagas that did not come to their end, and starts them again. */
import { parseArgs } from 'node:util';
import { readConfig } from '../platform/config';
import { createLogger } from '../platform/logger';
import { sayAndExit } from '../platform/shutdown';
import { connectTemporal, installTemporalRuntime } from '../platform/temporal';
import { brokenSagas, startAgain } from './repair';

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { apply: { type: 'boolean', default: false } } });
  const config = readConfig();
  installTemporalRuntime(createLogger('silent'));
  const { client, connection } = await connectTemporal(
    config.temporal ?? {
      address: `localhost:${String(config.TEMPORAL_PORT)}`,
      namespace: config.TEMPORAL_NAMESPACE,
    },
  );
  const counts = { repaired: 0, repairable: 0, forAPerson: 0 };
  for await (const saga of brokenSagas(client)) {
    const { sagaId, status, repairable } = saga;
    if (!repairable) {
      counts.forAPerson += 1;
      console.log(`${sagaId}: ${status}; look at its failure in the Temporal UI`);
    } else if (values.apply) {
      await startAgain(client, saga);
      counts.repaired += 1;
      console.log(`${sagaId}: ${status}; started again`);
    } else {
      counts.repairable += 1;
      console.log(`${sagaId}: ${status}; would be started again`);
    }
  }
  await connection.close();
  const { repaired, repairable, forAPerson } = counts;
  console.log(
    `${String(repaired)} started again, ${String(repairable)} could be (--apply), ${String(forAPerson)} for a person to look at`,
  );
  return forAPerson > 0 ? 1 : 0;
}

main().then((code) => process.exit(code), sayAndExit);
