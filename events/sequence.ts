/** A position in the feed of a service as text: `sequence` of its events, and where the feed starts. */

/** 19 digits: the largest `bigint` of Postgres. All values have this width, so their order as text is that of the numbers. */
const DIGITS = 19;

export const SEQUENCE = /^\d{19}$/;

/**
 * @example
 * sequenceOf(42n); // '0000000000000000042'
 */
export function sequenceOf(position: bigint): string {
  return String(position).padStart(DIGITS, '0');
}
