/** The id of what a request creates; a repeated request lands on the same thing. */
import { v5 as uuidOf, v7 as newUuid } from 'uuid';
import { Problem } from './problems';

/** UUIDv5 namespaces of our own, so that a key for an order never meets one for a customer. */
const KEY_NAMESPACES = {
  order: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e01',
  customer: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e02',
  cancellation: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e03',
} as const;

/** Without a space: two headers of one name arrive joined by ", ", and are refused so. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export interface NewId {
  readonly id: string;
  /** Whether the id comes of a key, so that what it names may be there already. */
  readonly keyed: boolean;
}

/**
 * @param key value of the Idempotency-Key header, undefined when there is none: then the id is a new,
 *   time-ordered one
 * @throws Problem `invalid-request` when the key is not 1 to 255 visible ASCII characters
 */
export function idToCreate(key: string | undefined, kind: keyof typeof KEY_NAMESPACES): NewId {
  if (key === undefined) return { id: newUuid(), keyed: false };
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new Problem('invalid-request', 'Idempotency-Key has to be 1 to 255 visible ASCII characters.');
  }
  return { id: uuidOf(key, KEY_NAMESPACES[kind]), keyed: true };
}
