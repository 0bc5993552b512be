/** Encrypts payloads, as a project with sensitive data would; the key is nobody's secret. */
const { createCipheriv, createDecipheriv, randomBytes } = require('node:crypto');

const KEY = Buffer.alloc(32, 7);
const ENCODING = 'binary/encrypted';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const encrypted = (data) => {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', KEY, iv);
  return Buffer.concat([iv, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
};

const decrypted = (data) => {
  const decipher = createDecipheriv('aes-256-gcm', KEY, data.subarray(0, IV_BYTES));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(data.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
};

const encryption = {
  encode: async (payloads) =>
    payloads.map(({ metadata, data }) => ({
      metadata: { encoding: Buffer.from(ENCODING), inner: metadata?.encoding ?? Buffer.of() },
      data: encrypted(data ?? Buffer.of()),
    })),
  decode: async (payloads) =>
    payloads.map((payload) => {
      if (Buffer.from(payload.metadata?.encoding ?? []).toString() !== ENCODING) return payload;
      return { metadata: { encoding: payload.metadata.inner }, data: decrypted(Buffer.from(payload.data)) };
    }),
};

module.exports = { payloadCodecs: [encryption] };
