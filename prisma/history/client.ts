/** The client of the order history's database. */
import { createPool } from '../../platform/postgres-session';
import { clientOptions } from '../client-options';
import { PrismaClient } from './generated/client';

export type HistoryDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the order history's database */
export function createHistoryDatabase(url: string, pool = createPool(url, 'order-history')): HistoryDatabase {
  return new PrismaClient(clientOptions(pool));
}
