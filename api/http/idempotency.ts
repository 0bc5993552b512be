/** The id of what a request creates. A repeated request gets the same id. */
import { v5 as uuidOf, v7 as newUuid } from 'uuid';
import type { Principal } from './principal';
import { Problem } from './problems';

/** UUIDv5 namespaces, one per kind: the same key for an order and a customer gives different ids. */
const KEY_NAMESPACES = {
  order: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e01',
  customer: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e02',
  cancellation: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e03',
} as const;

/** An Idempotency-Key. Without a space: Node joins two headers of the same name with ", ", so they are invalid. */
export const KEY = /^[\x21-\x7e]{1,255}$/;

export interface NewId {
  readonly id: string;
  /** Whether the id is derived from a key, so that its resource may already exist. */
  readonly keyed: boolean;
}

/** Separates the principal from the key, which has none. */
const SEPARATOR = '\n';

/**
 * @param principalId a key belongs to its principal: two principals with one key create two resources
 * @param key value of the Idempotency-Key header; without one, the id is a new time-ordered UUID
 * @throws Problem `invalid-request` when the key is not 1 to 255 visible ASCII characters
 */
export function idToCreate(
  { id: principalId }: Pick<Principal, 'id'>,
  key: string | undefined,
  kind: keyof typeof KEY_NAMESPACES,
): NewId {
  if (key === undefined) return { id: newUuid(), keyed: false };
  if (!KEY.test(key)) {
    throw new Problem('invalid-request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  const name = principalId === undefined ? key : `${principalId}${SEPARATOR}${key}`;
  return { id: uuidOf(name, KEY_NAMESPACES[kind]), keyed: true };
}
