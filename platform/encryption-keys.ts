/** The keys of the payload encryption, as PAYLOAD_ENCRYPTION_KEYS states them. */
import { createSecretKey, type KeyObject } from 'node:crypto';

/** AES-256. */
const KEY_BYTES = 32;

/** An id is stored in clear with each payload. 64 characters hold a date or the id of a key in a vault. */
const KEY_ID = /^[\w.-]{1,64}$/;

/** Standard base64 with padding, as `openssl rand -base64 32` prints it. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

interface EncryptionKey {
  readonly id: string;
  /** Not the bytes: a KeyObject is neither logged nor serialized. */
  readonly key: KeyObject;
}

export interface EncryptionKeys {
  /** The first key: it encrypts. */
  readonly current: EncryptionKey;
  /** All keys, which decrypt, by id. */
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/**
 * @param text `id:base64key`, separated by commas
 * @throws Error with the reason, and without any part of a key
 */
export function encryptionKeys(text: string): EncryptionKeys {
  const [current, ...others] = text.split(',').map((entry, index) => encryptionKey(entry.trim(), index + 1));
  if (!current) throw new TypeError('a text has at least one part');
  const byId = new Map<string, KeyObject>();
  for (const { id, key } of [current, ...others]) {
    if (byId.has(id)) throw new Error(`two keys have the id ${id}; give each key an id of its own`);
    for (const [other, known] of byId)
      if (known.equals(key)) throw new Error(`${other} and ${id} are the same key; generate a new one`);
    byId.set(id, key);
  }
  return { current, byId };
}

/** @param position from 1, which names an entry without an id */
function encryptionKey(entry: string, position: number): EncryptionKey {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id))
    throw new Error(
      `entry ${String(position)} must be id:base64key, its id of 1 to 64 letters, digits, _, - and .`,
    );
  const encoded = entry.slice(colon + 1);
  const bytes = BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : Buffer.of();
  if (bytes.length !== KEY_BYTES)
    throw new Error(
      `the key ${id} must be ${String(KEY_BYTES)} bytes in base64; generate one: openssl rand -base64 32`,
    );
  return { id, key: createSecretKey(bytes) };
}
