/** Erases what identifies a customer as a person: one statement, which also records the event. The account stays. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { CustomerDatabase } from '../prisma/customer/client';
import { recordEvents } from './outbox';

/** Is idempotent: of several requests, the first erases the name and records the event. */
export async function erasePersonalData(
  db: CustomerDatabase,
  customerId: string,
): Promise<'erased' | 'unknown-customer'> {
  const [row] = await db.$queryRaw<{ known: boolean }[]>(sql`
    WITH erased AS (
      UPDATE customers SET name = NULL, personal_data_erased_at = now(), version = version + 1
      WHERE id = ${customerId}::uuid AND name IS NOT NULL RETURNING *
    ), recorded AS (${recordEvents(sql`
      SELECT 'customer', id, version, 'CustomerPersonalDataErased', jsonb_build_object('customerId', id,
        'creditLimitMinor', credit_limit_minor, 'currency', currency), NULL
      FROM erased`)}
    )
    SELECT EXISTS (SELECT FROM customers WHERE id = ${customerId}::uuid) AS known`);
  return row?.known ? 'erased' : 'unknown-customer';
}
