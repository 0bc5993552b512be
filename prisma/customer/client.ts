/** The client of the customer service's database. */
import { createPool } from '../../platform/postgres-session';
import { clientOptions } from '../client-options';
import { PrismaClient } from './generated/client';

export type CustomerDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the customer database */
export function createCustomerDatabase(
  url: string,
  pool = createPool(url, 'customer-service'),
): CustomerDatabase {
  return new PrismaClient(clientOptions(pool));
}
