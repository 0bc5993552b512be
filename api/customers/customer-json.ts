/** The customer over HTTP. */
import { z } from 'zod';
import { moneyJson, moneyJsonSchema, moneySchema } from '../http/money';

/** Excludes control characters and unpaired surrogates, which the database cannot store. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** The same for JSON Schema, whose tools know no \p, and with a character that is no space. */
const CONTROL = '\\u0000-\\u001F\\u007F-\\u009F';
const NAME_PATTERN = `^[^${CONTROL}]*[^\\s${CONTROL}][^${CONTROL}]*$`;

export const newCustomerBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(PRINTABLE, 'must not contain control characters')
    .meta({ pattern: NAME_PATTERN, examples: ['Ada Lovelace'] }),
  creditLimit: moneySchema(0),
});

/** What is not personal data. */
export const accountSchema = z.object({
  customerId: z.guid(),
  creditLimit: moneyJsonSchema,
  reserved: moneyJsonSchema.meta({
    description: 'Held by approved orders and by orders without a decision.',
  }),
  available: moneyJsonSchema,
});

export const customerSchema = z.object({
  ...accountSchema.shape,
  name: z.string().nullable().meta({ description: 'null when the personal data is erased.' }),
});

export type CustomerJson = z.infer<typeof customerSchema>;

/** A customer's row, in the customer database or in the order history, which has no name. */
interface AccountRow {
  readonly id: string;
  readonly creditLimitMinor: bigint;
  readonly reservedMinor: bigint;
  readonly currency: string;
}

export function customerJson(row: AccountRow & { readonly name: string | null }): CustomerJson {
  const { customerId, ...credit } = accountJson(row);
  return { customerId, name: row.name, ...credit };
}

export function accountJson(row: AccountRow): z.infer<typeof accountSchema> {
  const money = (minor: bigint) => moneyJson(Number(minor), row.currency);
  return {
    customerId: row.id,
    creditLimit: money(row.creditLimitMinor),
    reserved: money(row.reservedMinor),
    available: money(row.creditLimitMinor - row.reservedMinor),
  };
}
