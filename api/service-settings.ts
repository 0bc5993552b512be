/** The settings of a process, from its configuration: its services and their servers. */
import { type Config, DAY_MS, type WorkerDeployment, workerDeployment } from '../platform/config';
import { requireSetting } from '../platform/config-error';
import { authenticationOf } from './authentication-settings';
import { type ClientLimits, clientLimits } from './client-limits';
import type { AuthenticationSettings } from './http/service-tokens';
import type { TemporalTarget } from '../platform/temporal';

/**
 * 500 ms: within it, clients with open connections get 503, and load balancers that poll /readyz notice the shutdown. It is
 * a small part of the 10 s of a shutdown.
 */
const SHUTDOWN_DELAY_MS = 500;

export interface ServiceSettings {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Undefined for the order history alone. */
  readonly temporal: TemporalTarget | undefined;
  /** Base URL of the Temporal UI, for the links of orders. */
  readonly temporalUiUrl: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** Set when the workers of the sagas are versioned. */
  readonly deployment?: WorkerDeployment | undefined;
  /** Default: none. */
  readonly authentication?: AuthenticationSettings | undefined;
  /** Where `/metrics` and the probes are; undefined: beside the API. */
  readonly metricsPort?: number | undefined;
  /** Requests of one client a minute; undefined: no limit. */
  readonly requestsPerMinute?: number | undefined;
  readonly outbox: OutboxSettings;
  /** Base of `source` and `dataschema` of events; undefined: the URL of this process. */
  readonly eventBaseUri?: string | undefined;
  readonly readers: ReaderSettings;
  /** Addresses of proxies whose X-Forwarded-For names the client, for the limits of each client. */
  readonly trustedProxies: readonly string[];
  /** How long a stopping process answers 503 before it stops listening, milliseconds. */
  readonly shutdownDelayMs: number;
  /** Set when the process runs the order service. */
  readonly order?: OrderServiceSettings | undefined;
  /** Set when the process runs the customer service; with both, the sagas are colocated. */
  readonly customer?: { readonly databaseUrl: string } | undefined;
  /** Set when the process runs the order history. */
  readonly history?: OrderHistorySettings | undefined;
}

/** Maximum numbers of readers that wait, of all clients and of each client address. */
export interface ReaderSettings {
  /** Open event streams. */
  readonly streamsMax: number;
  readonly streamsPerClientMax: number;
  /** Requests that wait for news: pages of events, and the order history. */
  readonly waitsMax: number;
  readonly waitsPerClientMax: number;
}

export interface OrderHistorySettings {
  readonly databaseUrl: string;
  /** Base URL of the API whose feed is followed; undefined: this process. */
  readonly feedUrl?: string | undefined;
}

export interface OutboxSettings {
  /** Whether this process publishes the events of its services. */
  readonly relaysHere: boolean;
  /** How long an event stays in the feed, milliseconds. */
  readonly retentionMs: number;
}

export interface OrderServiceSettings extends Omit<ClientLimits, 'requestsPerMinute'> {
  readonly databaseUrl: string;
  /** Target of `/customers*`; undefined when the process runs the customer service. */
  readonly customerServiceUrl?: string | undefined;
  /** Target of `/customers/:id/order-history`; undefined when this process, or no process, runs the order history. */
  readonly historyUrl?: string | undefined;
  readonly creditCheckTimeoutMs: number;
  /** When a step that must succeed keeps failing this long, it is parked, milliseconds. */
  readonly attentionAfterMs: number;
  readonly sagaGroupMax: number;
  readonly sagaGroupsInFlight: number;
  /** Maximum number of unanswered requests that place or cancel an order. */
  readonly ordersInFlightMax: number;
  /** Largest total of an order, in whole units of its currency; undefined: what the API can express. */
  readonly orderTotalMax?: number | undefined;
}

/** The servers of a process, and its workflow code. Servers that its services do not use may be undefined. */
export interface ProcessEnvironment {
  readonly bundlePath: string;
  readonly temporal: TemporalTarget | undefined;
  readonly temporalUiUrl: string;
  readonly orderDatabaseUrl: string | undefined;
  readonly customerDatabaseUrl: string | undefined;
  readonly historyDatabaseUrl: string | undefined;
}

/** @throws ConfigError with the name of a variable that the services require */
export function serviceSettings(config: Config, servers: ProcessEnvironment): ServiceSettings {
  const { SERVICES } = config;
  const limits = clientLimits(config);
  const has = (service: Config['SERVICES'][number]) => SERVICES.includes(service);
  return {
    host: config.HOST,
    port: config.PORT,
    temporal:
      has('order') || has('customer') ? requireSetting('TEMPORAL_ADDRESS', servers.temporal) : undefined,
    temporalUiUrl: servers.temporalUiUrl,
    bundlePath: servers.bundlePath,
    deployment: workerDeployment(config),
    shutdownDelayMs: SHUTDOWN_DELAY_MS,
    outbox: {
      relaysHere: config.OUTBOX_RELAY === 'here',
      retentionMs: config.EVENT_RETENTION_DAYS * DAY_MS,
    },
    authentication: authenticationOf(config),
    metricsPort: config.METRICS_PORT,
    requestsPerMinute: limits.requestsPerMinute,
    eventBaseUri: config.EVENT_BASE_URI,
    readers: {
      streamsMax: config.EVENT_STREAMS_MAX,
      streamsPerClientMax: config.EVENT_STREAMS_PER_CLIENT_MAX,
      waitsMax: config.READ_WAITS_MAX,
      waitsPerClientMax: config.READ_WAITS_PER_CLIENT_MAX,
    },
    trustedProxies: config.TRUSTED_PROXIES,
    order: has('order')
      ? {
          databaseUrl: requireSetting('ORDER_DATABASE_URL', servers.orderDatabaseUrl),
          customerServiceUrl: has('customer')
            ? undefined
            : requireSetting('CUSTOMER_SERVICE_URL', config.CUSTOMER_SERVICE_URL),
          historyUrl: has('history') ? undefined : config.ORDER_HISTORY_URL,
          creditCheckTimeoutMs: config.CREDIT_CHECK_TIMEOUT_MS,
          attentionAfterMs: config.ATTENTION_AFTER_MS,
          sagaGroupMax: config.SAGA_GROUP_MAX,
          sagaGroupsInFlight: config.SAGA_GROUPS_IN_FLIGHT,
          ordersInFlightMax: config.ORDERS_IN_FLIGHT_MAX,
          ordersInFlightPerClientMax: limits.ordersInFlightPerClientMax,
          openOrdersPerCustomerMax: limits.openOrdersPerCustomerMax,
          orderTotalMax: config.ORDER_TOTAL_MAX,
        }
      : undefined,
    customer: has('customer')
      ? { databaseUrl: requireSetting('CUSTOMER_DATABASE_URL', servers.customerDatabaseUrl) }
      : undefined,
    history: has('history')
      ? {
          databaseUrl: requireSetting('ORDER_HISTORY_DATABASE_URL', servers.historyDatabaseUrl),
          feedUrl: has('order')
            ? config.EVENT_FEED_URL
            : requireSetting('EVENT_FEED_URL', config.EVENT_FEED_URL),
        }
      : undefined,
  };
}
