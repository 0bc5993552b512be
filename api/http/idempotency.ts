/** The id of what a request creates. A repeated request gets the same id. */
import { v5 as uuidOf, v7 as newUuid } from 'uuid';
import { Problem } from './problems';

/** UUIDv5 namespaces, one per kind: the same key for an order and a customer gives different ids. */
const KEY_NAMESPACES = {
  order: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e01',
  customer: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e02',
  cancellation: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e03',
} as const;

/** Without a space: Node joins two headers of the same name with ", ", so they are invalid. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export interface NewId {
  readonly id: string;
  /** Whether the id is derived from a key, so that its resource may already exist. */
  readonly keyed: boolean;
}

/**
 * @param key value of the Idempotency-Key header; without one, the id is a new time-ordered UUID
 * @throws Problem `invalid-request` when the key is not 1 to 255 visible ASCII characters
 */
export function idToCreate(key: string | undefined, kind: keyof typeof KEY_NAMESPACES): NewId {
  if (key === undefined) return { id: newUuid(), keyed: false };
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new Problem('invalid-request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  return { id: uuidOf(key, KEY_NAMESPACES[kind]), keyed: true };
}
