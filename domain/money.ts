/**
 * Money as decimal text outside and as an integer of minor units inside. Never a float: "0.1 + 0.2" is
 * how stores lose cents.
 */

/**
 * Largest amount of an order or a credit limit, in minor units. Below 2^53, so that a JSON number holds
 * it exactly, as does the sum of a customer's reservations, which never exceeds the limit.
 */
export const MAX_AMOUNT_MINOR = 999_999_999_999_999;

/**
 * Minor units of a decimal text that has exactly `digits` decimals ("12.34" with 2 is 1234).
 *
 * @returns undefined when the text is not such a decimal, or is over {@link MAX_AMOUNT_MINOR}
 */
export function parseAmount(text: string, digits: number): number | undefined {
  const decimals = digits === 0 ? '' : `\\.\\d{${String(digits)}}`;
  if (!new RegExp(`^(0|[1-9]\\d{0,15})${decimals}$`).test(text)) return undefined;
  const minor = Number(text.replace('.', ''));
  return minor <= MAX_AMOUNT_MINOR ? minor : undefined;
}

/** The decimal text of an amount: 1234 with 2 digits is "12.34". */
export function formatAmount(minor: number, digits: number): string {
  if (digits === 0) return String(minor);
  const padded = String(minor).padStart(digits + 1, '0');
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}
