/** The Temporal server that an operator's command talks to. */
import type { Config } from '../platform/config';
import type { TemporalTarget } from '../platform/temporal';

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
