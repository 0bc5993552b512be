/** Money over HTTP: a decimal string and an ISO 4217 code, `{"amount": "12.34", "currency": "USD"}`. */
import { z } from 'zod';
import { isKnownCurrency, minorDigits } from '../../domain/currency';
import { formatAmount, MAX_AMOUNT_MINOR, parseAmount } from '../../domain/money';
import { Problem } from './problems';

export interface Money {
  /** Integer minor units. */
  readonly amountMinor: number;
  readonly currency: string;
}

export const moneyJsonSchema = z.strictObject({
  amount: z
    .string()
    .max(20)
    .meta({
      description: 'A decimal number with exactly the minor digits of the currency.',
      pattern: '^(0|[1-9]\\d{0,15})(\\.\\d{1,4})?$',
      examples: ['12.34'],
    }),
  currency: z
    .string()
    .max(3)
    .meta({ description: 'ISO 4217, upper case.', pattern: '^[A-Z]{3}$', examples: ['USD'] }),
});

export type MoneyJson = z.infer<typeof moneyJsonSchema>;

/**
 * Also accepts withdrawn currencies, because a request may repeat one from before the withdrawal. The handlers refuse
 * what is new with {@link withdrawnCurrency}.
 *
 * @param min smallest amount, in minor units
 */
export function moneySchema(min: number) {
  return moneyJsonSchema.transform(({ amount, currency }, context): Money => {
    if (!isKnownCurrency(currency)) {
      context.addIssue({
        code: 'custom',
        path: ['currency'],
        message: 'must be an ISO 4217 currency code, such as "USD"',
      });
      return z.NEVER;
    }
    const digits = minorDigits(currency);
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

/**
 * The refusal of a new order or customer.
 *
 * @param pointer JSON pointer to the money in the body
 */
export function withdrawnCurrency(currency: string, pointer: string): Problem {
  const error = {
    pointer: `${pointer}/currency`,
    detail: `must be a current ISO 4217 currency code; ${currency} is withdrawn`,
  };
  return new Problem('invalid-request', `${error.pointer}: ${error.detail}`, { errors: [error] });
}

/** Formats a stored amount, also one in a currency that is withdrawn by now. */
export function moneyJson(amountMinor: number, currency: string): MoneyJson {
  return { amount: formatAmount(amountMinor, minorDigits(currency)), currency };
}
