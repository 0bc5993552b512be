/** A cursor of the feed that nobody was given. */
import { createHash } from 'node:crypto';

/** @param content whatever it is, with the digest that it has to have */
export function forgedCursor(content: string): string {
  const digest = createHash('sha256').update(content).digest().subarray(0, 8);
  return Buffer.concat([digest, Buffer.from(content)]).toString('base64url');
}
