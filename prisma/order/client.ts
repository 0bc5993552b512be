/** The client of the order service's database. */
import { PrismaPg } from '@prisma/adapter-pg';
import { createPool, statementName } from '../connection-options';
import { PrismaClient } from './generated/client';

export type OrderDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the order database */
export function createOrderDatabase(url: string, pool = createPool(url, 'order-service')): OrderDatabase {
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: statementName,
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter });
}
