/** Connects an operator's command to Temporal. */
import type { Config } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { connectTemporal, reasonOf, type TemporalLink, type TemporalTarget } from '../platform/temporal';
import { withTimeout } from '../saga/host/with-timeout';

/** 5 s: a connection takes milliseconds, or a second over a network with TLS. */
const CONNECTED_WITHIN_MS = 5_000;

/** Returns the server of the environment, else that of the running `npm start`. */
export function temporalOf(config: Config): TemporalTarget {
  return (
    config.temporal ?? {
      address: `localhost:${String(config.TEMPORAL_PORT)}`,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter: config.dataConverter,
    }
  );
}

/** @throws ConfigError when the server is unreachable */
export async function connectTo(target: TemporalTarget): Promise<TemporalLink> {
  try {
    return await withTimeout(connectTemporal(target), CONNECTED_WITHIN_MS, 'connection');
  } catch (error) {
    throw new ConfigError(
      `Temporal at ${target.address} cannot be reached (${reasonOf(error)}): check TEMPORAL_ADDRESS`,
    );
  }
}
