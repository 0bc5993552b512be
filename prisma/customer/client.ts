/** The client of the customer service's database. */
import { PrismaPg } from '@prisma/adapter-pg';
import { createPool, statementName } from '../connection-options';
import { PrismaClient } from './generated/client';

export type CustomerDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the customer database */
export function createCustomerDatabase(
  url: string,
  pool = createPool(url, 'customer-service'),
): CustomerDatabase {
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: statementName,
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter });
}
