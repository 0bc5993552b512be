/**
 * Encrypts the payloads that Temporal stores: AES-256-GCM with a random nonce for each payload. The id of the key stands
 * beside the ciphertext, and is authenticated with it. A client with write access to Temporal can still replace a payload by
 * one of another saga, or by one in clear.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { EncryptionKeys } from './encryption-keys';

const { Payload: PayloadMessage } = temporal.api.common.v1;

/** The names in Temporal's own samples. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

const CIPHER = 'aes-256-gcm';
/** 12 bytes: what GCM is specified for. Random nonces suffice for 2^32 payloads of a key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The message says which key, and what to do; it has no part of the payload. */
export class PayloadNotDecrypted extends Error {
  override readonly name = 'PayloadNotDecrypted';
}

export class PayloadEncryption implements PayloadCodec {
  constructor(private readonly keys: EncryptionKeys) {}

  encode(payloads: readonly Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads).then((all) => all.map((payload) => this.#encrypted(payload)));
  }

  /**
   * Leaves payloads of other encodings as they are: those from before the encryption.
   *
   * @throws PayloadNotDecrypted
   */
  decode(payloads: readonly Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads).then((all) => all.map((payload) => this.#decrypted(payload)));
  }

  /** With its metadata, which says of what type the data is. */
  #encrypted(payload: Payload): Payload {
    const { id, key } = this.keys.current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(id));
    const text = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
    return {
      metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
      data: Buffer.concat([nonce, ...text, cipher.getAuthTag()]),
    };
  }

  #decrypted(payload: Payload): Payload {
    if (field(payload, 'encoding') !== ENCODING) return payload;
    const id = field(payload, KEY_ID);
    const key = this.keys.byId.get(id);
    if (!key) throw new PayloadNotDecrypted(this.#unknown(id));
    const data = Buffer.from(payload.data ?? []);
    const text = data.subarray(NONCE_BYTES, -TAG_BYTES);
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(id));
      decipher.setAuthTag(data.subarray(-TAG_BYTES));
      const plain = PayloadMessage.decode(Buffer.concat([decipher.update(text), decipher.final()]));
      // The message has an array for data that is empty.
      return { metadata: plain.metadata, data: Buffer.from(plain.data) };
    } catch (cause) {
      throw new PayloadNotDecrypted(
        `a payload of the key ${id} was altered, or PAYLOAD_ENCRYPTION_KEYS has another key under this id`,
        { cause },
      );
    }
  }

  #unknown(id: string): string {
    if (id === '') return 'a payload that another codec has encrypted names no key';
    const known = [...this.keys.byId.keys()].join(', ');
    return `a payload was encrypted with the key ${JSON.stringify(id)}; PAYLOAD_ENCRYPTION_KEYS has ${known}: add that key to it`;
  }
}

function field({ metadata }: Payload, name: string): string {
  return Buffer.from(metadata?.[name] ?? []).toString();
}
