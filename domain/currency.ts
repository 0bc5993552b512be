/** Currencies and their minor digits: those of ISO 4217, each frozen at the number that its code was added with. */
import { CURRENT, WITHDRAWN } from './currency-table';

/**
 * Digits of a code that the table does not have, which only a later version can have stored: those of nearly all codes
 * that ISO 4217 adds.
 */
const USUAL_DIGITS = 2;

/** Whether new orders and customers may use the currency. */
export function isCurrentCurrency(code: string): boolean {
  return digitsIn(CURRENT, code) !== undefined;
}

/** Whether orders and customers may use the currency, or could before it was withdrawn. */
export function isKnownCurrency(code: string): boolean {
  return isCurrentCurrency(code) || digitsIn(WITHDRAWN, code) !== undefined;
}

/**
 * Returns how many minor digits the stored amounts of a currency have. It never changes, also when the currency is
 * withdrawn, or ISO 4217 gives it another number.
 *
 * @example minorDigits('USD') // 2
 */
export function minorDigits(code: string): number {
  return digitsIn(CURRENT, code) ?? digitsIn(WITHDRAWN, code) ?? USUAL_DIGITS;
}

function digitsIn(table: Readonly<Record<string, number>>, code: string): number | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}
