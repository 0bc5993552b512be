/** Money over HTTP: a decimal string and an ISO 4217 code, `{"amount": "12.34", "currency": "USD"}`. */
import { code as isoCurrency } from 'currency-codes';
import { z } from 'zod';
import { formatAmount, MAX_AMOUNT_MINOR, parseAmount } from '../../domain/money';

export interface Money {
  /** Integer minor units. */
  readonly amountMinor: number;
  readonly currency: string;
}

/** Codes that begin with X belong to no country. Only those of currency unions are used for payments. */
const UNION_CURRENCIES = new Set(['XAF', 'XCD', 'XOF', 'XPF']);

export const moneyJsonSchema = z.strictObject({
  amount: z
    .string()
    .max(20)
    .meta({
      description: 'A decimal number with exactly the minor digits of the currency.',
      examples: ['12.34'],
    }),
  currency: z
    .string()
    .max(3)
    .meta({ description: 'ISO 4217, upper case.', examples: ['USD'] }),
});

export type MoneyJson = z.infer<typeof moneyJsonSchema>;

/** @returns undefined when the code is not a currency */
export function minorDigits(currency: string): number | undefined {
  if (!/^[A-Z]{3}$/.test(currency)) return undefined;
  if (currency.startsWith('X') && !UNION_CURRENCIES.has(currency)) return undefined;
  return isoCurrency(currency)?.digits;
}

/** @param min smallest amount, in minor units */
export function moneySchema(min: number) {
  return moneyJsonSchema.transform(({ amount, currency }, context): Money => {
    const digits = minorDigits(currency);
    if (digits === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['currency'],
        message: 'must be an ISO 4217 currency code, such as "USD"',
      });
      return z.NEVER;
    }
    const amountMinor = parseAmount(amount, digits);
    if (amountMinor === undefined || amountMinor < min) {
      const bounds = `${formatAmount(min, digits)} to ${formatAmount(MAX_AMOUNT_MINOR, digits)}`;
      const message = `must be a decimal string with ${String(digits)} minor digits, ${bounds}`;
      context.addIssue({ code: 'custom', path: ['amount'], message });
      return z.NEVER;
    }
    return { amountMinor, currency };
  });
}

/** @throws TypeError for a currency that {@link moneySchema} rejects */
export function moneyJson(amountMinor: number, currency: string): MoneyJson {
  const digits = minorDigits(currency);
  if (digits === undefined) throw new TypeError(`${currency} is not a currency with known minor digits`);
  return { amount: formatAmount(amountMinor, digits), currency };
}
