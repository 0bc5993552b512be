/** What the processes of the product run, and which databases and other processes they know. */
import type { ServiceName } from '../../prisma/schema-engine';
import type { ProductProcessOptions } from './product-process';

export interface Role {
  readonly script: ProductProcessOptions['script'];
  /** It has the credentials of their databases, and of no others. */
  readonly services: readonly ServiceName[];
  readonly env: NodeJS.ProcessEnv;
}

/** URLs at which the processes find each other; undefined: of a process that is not there. */
export interface Addresses {
  readonly customerService: string;
  readonly orderHistory: string | undefined;
  readonly eventFeed: string | undefined;
}

const API = 'api/main.js';
const ELSEWHERE = { OUTBOX_RELAY: 'elsewhere' };

/** Of a process that runs everything, as `npm start` does. */
export const COLOCATED: Role = { script: API, services: ['order', 'customer', 'history'], env: {} };

/** Of the distributed product; any number of processes has each role. */
export function distributedRoles({ customerService, orderHistory, eventFeed }: Addresses) {
  return {
    order: {
      script: API,
      services: ['order'],
      env: { ...ELSEWHERE, CUSTOMER_SERVICE_URL: customerService, ORDER_HISTORY_URL: orderHistory },
    },
    customer: { script: API, services: ['customer'], env: ELSEWHERE },
    history: { script: API, services: ['history'], env: { EVENT_FEED_URL: eventFeed } },
  } satisfies Record<ServiceName, Role>;
}

/** Publishes the events of the services, and does nothing else. */
export function relayOf(...services: readonly ServiceName[]): Role {
  return { script: 'workers/relay-main.js', services, env: {} };
}

/** Runs sagas and steps of the services, without HTTP. */
export function workerOf(...services: readonly ServiceName[]): Role {
  return { script: 'workers/main.js', services, env: {} };
}

const DATABASE_VARIABLES: Readonly<Record<ServiceName, string>> = {
  order: 'ORDER_DATABASE_URL',
  customer: 'CUSTOMER_DATABASE_URL',
  history: 'ORDER_HISTORY_DATABASE_URL',
};

/** @returns the environment by which a process has the role, without that of its Temporal server */
export function environmentOf(
  { services, env }: Pick<Role, 'services' | 'env'>,
  urlOf: (service: ServiceName) => string | undefined,
): NodeJS.ProcessEnv {
  return {
    SERVICES: services.join(),
    ...Object.fromEntries(services.map((service) => [DATABASE_VARIABLES[service], urlOf(service)])),
    ...env,
  };
}
