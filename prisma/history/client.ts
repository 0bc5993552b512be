/** The client of the order history's database. */
import { PrismaPg } from '@prisma/adapter-pg';
import { createPool, DATABASE_LIMITS, statementName } from '../connection-options';
import { PrismaClient } from './generated/client';

export type HistoryDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the order history's database */
export function createHistoryDatabase(url: string, pool = createPool(url, 'order-history')): HistoryDatabase {
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: statementName,
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter, transactionOptions: { timeout: DATABASE_LIMITS.transactionMs } });
}
