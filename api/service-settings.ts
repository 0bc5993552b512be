/** What a process runs and where its servers are, from its configuration. */
import { type Config, DAY_MS, type WorkerDeployment, workerDeployment } from '../platform/config';
import { needed } from '../platform/config-error';
import type { TemporalTarget } from '../platform/temporal';

/**
 * 500 ms: whoever keeps a connection asks again within it and is told to go elsewhere, and a balancer that looks at
 * /readyz has time to see it; little of the 10 s of a stop.
 */
const LEAVING_MS = 500;

export interface ServiceSettings {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Not needed by the order history alone. */
  readonly temporal: TemporalTarget | undefined;
  /** Base URL of the Temporal UI, for the links of orders. */
  readonly temporalUiUrl: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** Present where the sagas' workers are versioned. */
  readonly deployment?: WorkerDeployment | undefined;
  readonly outbox: OutboxSettings;
  /** Base of `source` and `dataschema` of events; undefined: the URL of this process. */
  readonly eventBaseUri?: string | undefined;
  /** Event streams at once; excess ones are refused. */
  readonly eventStreamsMax: number;
  /** How long a process that stops still answers that it does, milliseconds. */
  readonly leavingMs: number;
  /** Present where the process runs the order service. */
  readonly order?: OrderServiceSettings | undefined;
  /** Present where the process runs the customer service; with both, the sagas are colocated. */
  readonly customer?: { readonly databaseUrl: string } | undefined;
  /** Present where the process runs the order history. */
  readonly history?: OrderHistorySettings | undefined;
}

export interface OrderHistorySettings {
  readonly databaseUrl: string;
  /** Base URL of the API whose events are followed; undefined: this process's own. */
  readonly feedUrl?: string | undefined;
}

export interface OutboxSettings {
  /** Whether this process publishes its services' events itself. */
  readonly relaysHere: boolean;
  /** How long an event stays in the feed, milliseconds. */
  readonly retentionMs: number;
}

export interface OrderServiceSettings {
  readonly databaseUrl: string;
  /** Where `/customers*` is forwarded to; undefined where the process has the customer service itself. */
  readonly customerServiceUrl?: string | undefined;
  /** Where `/customers/:id/order-history` is forwarded to; undefined where the process has it, or nobody. */
  readonly historyUrl?: string | undefined;
  readonly creditCheckTimeoutMs: number;
  /** After how long a step that must succeed and keeps failing is parked, milliseconds. */
  readonly attentionAfterMs: number;
  readonly sagaGroupMax: number;
  readonly sagaGroupsInFlight: number;
  /** Requests that place or cancel an order and have no answer yet; excess ones are refused. */
  readonly ordersInFlightMax: number;
}

/** The servers that a process uses, those of its services at least, and its workflow code. */
export interface Surroundings {
  readonly bundlePath: string;
  readonly temporal: TemporalTarget | undefined;
  readonly temporalUiUrl: string;
  readonly orderDatabaseUrl: string | undefined;
  readonly customerDatabaseUrl: string | undefined;
  readonly historyDatabaseUrl: string | undefined;
}

/** @throws ConfigError naming the variable that the services asked for need */
export function serviceSettings(config: Config, servers: Surroundings): ServiceSettings {
  const { SERVICES } = config;
  const has = (service: Config['SERVICES'][number]) => SERVICES.includes(service);
  return {
    host: config.HOST,
    port: config.PORT,
    temporal: has('order') || has('customer') ? needed('TEMPORAL_ADDRESS', servers.temporal) : undefined,
    temporalUiUrl: servers.temporalUiUrl,
    bundlePath: servers.bundlePath,
    deployment: workerDeployment(config),
    leavingMs: LEAVING_MS,
    outbox: {
      relaysHere: config.OUTBOX_RELAY === 'here',
      retentionMs: config.EVENT_RETENTION_DAYS * DAY_MS,
    },
    eventBaseUri: config.EVENT_BASE_URI,
    eventStreamsMax: config.EVENT_STREAMS_MAX,
    order: has('order')
      ? {
          databaseUrl: needed('ORDER_DATABASE_URL', servers.orderDatabaseUrl),
          customerServiceUrl: has('customer')
            ? undefined
            : needed('CUSTOMER_SERVICE_URL', config.CUSTOMER_SERVICE_URL),
          historyUrl: has('history') ? undefined : config.ORDER_HISTORY_URL,
          creditCheckTimeoutMs: config.CREDIT_CHECK_TIMEOUT_MS,
          attentionAfterMs: config.ATTENTION_AFTER_MS,
          sagaGroupMax: config.SAGA_GROUP_MAX,
          sagaGroupsInFlight: config.SAGA_GROUPS_IN_FLIGHT,
          ordersInFlightMax: config.ORDERS_IN_FLIGHT_MAX,
        }
      : undefined,
    customer: has('customer')
      ? { databaseUrl: needed('CUSTOMER_DATABASE_URL', servers.customerDatabaseUrl) }
      : undefined,
    history: has('history')
      ? {
          databaseUrl: needed('ORDER_HISTORY_DATABASE_URL', servers.historyDatabaseUrl),
          feedUrl: has('order') ? config.EVENT_FEED_URL : needed('EVENT_FEED_URL', config.EVENT_FEED_URL),
        }
      : undefined,
  };
}
