/** The Temporal server that an operator's command talks to. */
import type { Config } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { connectTemporal, reasonOf, type TemporalLink, type TemporalTarget } from '../platform/temporal';
import { withTimeout } from '../saga/host/with-timeout';

/** 5 s: connecting takes milliseconds, and through a network with TLS a second. */
const CONNECTED_WITHIN_MS = 5_000;

/** The named one, or that of the running `npm start`. */
export function temporalOf(config: Config): TemporalTarget {
  return (
    config.temporal ?? {
      address: `localhost:${String(config.TEMPORAL_PORT)}`,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter: config.dataConverter,
    }
  );
}

/** @throws ConfigError when the server cannot be reached */
export async function connectTo(target: TemporalTarget): Promise<TemporalLink> {
  try {
    return await withTimeout(connectTemporal(target), CONNECTED_WITHIN_MS, 'connection');
  } catch (error) {
    throw new ConfigError(`Temporal at ${target.address} cannot be reached (${reasonOf(error)})`);
  }
}
