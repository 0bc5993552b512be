/** Connects an operator's command to the three databases: those of the environment, or those of `npm start`. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditedDatabases } from './audit/audited-databases';
import type { Config } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { createPool } from '../platform/postgres-session';
import { createCustomerDatabase, type CustomerDatabase } from '../prisma/customer/client';
import { createHistoryDatabase } from '../prisma/history/client';
import { createOrderDatabase, type OrderDatabase } from '../prisma/order/client';

interface DatabaseLocation {
  /** Environment variable with the URL. */
  readonly variable: 'ORDER_DATABASE_URL' | 'CUSTOMER_DATABASE_URL' | 'ORDER_HISTORY_DATABASE_URL';
  readonly login: string;
  readonly name: 'ORDER_DATABASE_NAME' | 'CUSTOMER_DATABASE_NAME' | 'ORDER_HISTORY_DATABASE_NAME';
}

const ORDERS = {
  variable: 'ORDER_DATABASE_URL',
  login: 'order_service',
  name: 'ORDER_DATABASE_NAME',
} as const;
const CUSTOMERS = {
  variable: 'CUSTOMER_DATABASE_URL',
  login: 'customer_service',
  name: 'CUSTOMER_DATABASE_NAME',
} as const;
const HISTORY = {
  variable: 'ORDER_HISTORY_DATABASE_URL',
  login: 'history_service',
  name: 'ORDER_HISTORY_DATABASE_NAME',
} as const;

export interface OpenDatabases extends AuditedDatabases {
  readonly orders: OrderDatabase;
  readonly customers: CustomerDatabase;
  close(): Promise<void>;
}

/**
 * Opens the databases read-only: the server rejects every write. The order history is optional.
 *
 * @throws ConfigError when the URL of the order or the customer database is unknown
 */
export function openReadOnly(config: Config): OpenDatabases {
  const orders = openOrders(requireUrl(config, ORDERS));
  const customersUrl = requireUrl(config, CUSTOMERS);
  const customers = createCustomerDatabase(customersUrl, readOnly(customersUrl));
  const historyUrl = urlOf(config, HISTORY);
  const history =
    historyUrl === undefined ? undefined : createHistoryDatabase(historyUrl, readOnly(historyUrl));
  return {
    orders,
    customers,
    history,
    close: async () => {
      await Promise.all([orders.$disconnect(), customers.$disconnect(), history?.$disconnect()]);
    },
  };
}

/** @returns undefined when the URL of the order database is unknown */
export function ordersReadOnly(config: Config): OrderDatabase | undefined {
  const url = urlOf(config, ORDERS);
  return url === undefined ? undefined : openOrders(url);
}

/** @throws ConfigError when the URL is unknown */
export function historyDatabaseUrl(config: Config): string {
  return requireUrl(config, HISTORY);
}

function requireUrl(config: Config, location: DatabaseLocation): string {
  const url = urlOf(config, location);
  if (url !== undefined) return url;
  throw new ConfigError(
    `No databases found in DATA_DIR ${config.DATA_DIR}: run npm start first, or set ${location.variable}`,
  );
}

function urlOf(config: Config, { variable, login, name }: DatabaseLocation): string | undefined {
  if (config[variable] !== undefined) return config[variable];
  const file = path.join(config.DATA_DIR, `${login}.password`);
  if (!existsSync(file)) return undefined;
  return `postgres://${login}:${readFileSync(file, 'utf8')}@127.0.0.1:${String(config.POSTGRES_PORT)}/${config[name]}`;
}

function openOrders(url: string): OrderDatabase {
  return createOrderDatabase(url, readOnly(url));
}

function readOnly(url: string) {
  return createPool(url, 'operator', true);
}
