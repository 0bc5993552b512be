/**
 * Money: decimal text in the HTTP API, an integer number of minor units internally. Never a floating-point number, whose
 * sums are inexact.
 */

/**
 * The largest order total or credit limit, in minor units. It is below 2^53, so a JSON number represents it exactly; the
 * same holds for the sum of a customer's reservations, which never exceeds the limit.
 */
export const MAX_AMOUNT_MINOR = 999_999_999_999_999;

/**
 * Parses a decimal with exactly `digits` fraction digits into minor units: "12.34" with 2 digits is 1234.
 *
 * @returns undefined when the text is not such a decimal, or exceeds {@link MAX_AMOUNT_MINOR}
 */
export function parseAmount(text: string, digits: number): number | undefined {
  const decimals = digits === 0 ? '' : `\\.\\d{${String(digits)}}`;
  if (!new RegExp(`^(0|[1-9]\\d{0,15})${decimals}$`).test(text)) return undefined;
  const minor = Number(text.replace('.', ''));
  return minor <= MAX_AMOUNT_MINOR ? minor : undefined;
}

/** Formats minor units as a decimal: 1234 with 2 digits is "12.34". */
export function formatAmount(minor: number, digits: number): string {
  if (digits === 0) return String(minor);
  const padded = String(minor).padStart(digits + 1, '0');
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}
