/** Creates a customer: its row and its event in one transaction. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { CustomerDatabase } from '../prisma/customer/client';
import { recordEvents } from './outbox';

export interface NewCustomer {
  readonly customerId: string;
  readonly name: string;
  /** Minor units, 0 to MAX_AMOUNT_MINOR. */
  readonly creditLimitMinor: number;
  readonly currency: string;
}

/**
 * Is idempotent: a repeated request with the same content gets `created` too, also when the name has been erased since.
 *
 * @returns `conflict` when the id belongs to a customer with other content; nothing was changed then
 */
export async function createCustomer(
  db: CustomerDatabase,
  customer: NewCustomer,
): Promise<'created' | 'conflict'> {
  const { customerId, name, creditLimitMinor, currency } = customer;
  const [row] = await db.$queryRaw<{ inserted: boolean }[]>(sql`
    WITH inserted AS (
      INSERT INTO customers (id, name, credit_limit_minor, currency)
      VALUES (${customerId}::uuid, ${name}, ${creditLimitMinor}::bigint, ${currency})
      ON CONFLICT DO NOTHING RETURNING *
    ), recorded AS (${recordEvents(sql`
      SELECT 'customer', id, 1, 'CustomerCreated', jsonb_build_object('customerId', id, 'creditLimitMinor', credit_limit_minor,
        'currency', currency), NULL
      FROM inserted`)}
    )
    SELECT EXISTS (SELECT FROM inserted) AS inserted`);
  if (row?.inserted) return 'created';
  const existing = await db.customer.findUniqueOrThrow({ where: { id: customerId } });
  const same =
    // An erased name cannot be compared: the id comes from the caller's key, which names this customer.
    (existing.name === null || existing.name === name) &&
    existing.creditLimitMinor === BigInt(creditLimitMinor) &&
    existing.currency === currency;
  return same ? 'created' : 'conflict';
}
