/** The client of the order service's database. */
import { createPool } from '../../platform/postgres-session';
import { clientOptions } from '../client-options';
import { PrismaClient } from './generated/client';

export type OrderDatabase = PrismaClient;

/** @param url a postgres:// URL whose role may log in to the order database */
export function createOrderDatabase(url: string, pool = createPool(url, 'order-service')): OrderDatabase {
  return new PrismaClient(clientOptions(pool));
}
