/** The payload encryption: what it keeps, what it refuses, and what an operator reads then. */
import { expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { readConfig } from '../../platform/config';
import { key, NEW, OLD } from '../support/encryption-keys';

function codecOf(...keys: readonly string[]): PayloadCodec {
  const { dataConverter } = readConfig({ PAYLOAD_ENCRYPTION_KEYS: keys.join(',') });
  const [codec] = dataConverter?.payloadCodecs ?? [];
  if (!codec) throw new Error('the keys gave no codec');
  return codec;
}

const VALUE = { customerId: 'Ada', totalMinor: 4250 };
const payload = (value: unknown = VALUE): Payload => defaultPayloadConverter.toPayload(value);

async function encrypted(codec: PayloadCodec, value?: unknown): Promise<Payload> {
  const [one] = await codec.encode([payload(value)]);
  if (!one) throw new Error('the codec gave no payload');
  return one;
}

async function decrypted(codec: PayloadCodec, one: Payload): Promise<unknown> {
  const [plain] = await codec.decode([one]);
  return plain && defaultPayloadConverter.fromPayload(plain);
}

const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('latin1');

test.each([VALUE, null, '', 'a'.repeat(100_000), Buffer.alloc(0), Buffer.from([0, 255])])(
  'round trip %#',
  async (value) => {
    const codec = codecOf(NEW);
    const back = await decrypted(codec, await encrypted(codec, value));
    expect(back).toEqual(value instanceof Buffer ? new Uint8Array(value) : value);
  },
);

test('several payloads keep their order; none are none', async () => {
  const codec = codecOf(NEW);
  const several = await codec.encode([1, 2, 3].map(payload));
  expect((await codec.decode(several)).map((one) => defaultPayloadConverter.fromPayload(one))).toEqual([
    1, 2, 3,
  ]);
  expect(await codec.encode([])).toEqual([]);
});

test('a null of workflow code has an empty array for its data', async () => {
  const codec = codecOf(NEW);
  const ofWorkflow = {
    metadata: { encoding: Buffer.from('binary/null') },
    // What the SDK's workflow side really passes for null, against its own type.
    data: [] as unknown as Uint8Array,
  };
  const [decoded] = await codec.decode(await codec.encode([ofWorkflow]));
  expect([text(decoded?.metadata?.['encoding']), decoded?.data]).toEqual(['binary/null', Buffer.of()]);
});

test('it shows its encoding and the id of its key, and nothing of the payload, its type included', async () => {
  const { metadata, data } = await encrypted(codecOf(NEW, OLD));
  const shown = Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)]);
  expect(Object.fromEntries(shown)).toEqual({ encoding: 'binary/encrypted', 'encryption-key-id': '2026' });
  expect(text(data)).not.toMatch(/Ada|totalMinor|4250|json/);
});

test('no nonce is used twice', async () => {
  const codec = codecOf(NEW);
  const many = await codec.encode(Array.from({ length: 5_000 }, () => payload()));
  expect(new Set(many.map(({ data }) => text(data?.slice(0, 12)))).size).toBe(5_000);
  expect(new Set(many.map(({ data }) => text(data))).size).toBe(5_000);
});

test('a change of any bit of the data, or a lost end, is an error', async () => {
  const codec = codecOf(NEW);
  const { metadata = null, data } = await encrypted(codec);
  const bytes = Buffer.from(data ?? []);
  expect(bytes.length).toBeGreaterThan(28);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    await expect(codec.decode([{ metadata, data: changed }])).rejects.toThrow(
      /^a payload of the key 2026 was altered/,
    );
  }
  for (let length = 0; length < bytes.length; length += 1)
    await expect(codec.decode([{ metadata, data: bytes.subarray(0, length) }])).rejects.toThrow(/altered/);
});

test('a payload cannot pass for one of another key, also when both ids have the same key', async () => {
  const { data = null } = await encrypted(codecOf(key('a', 1)));
  const metadata = { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('b') };
  await expect(codecOf(key('b', 1)).decode([{ metadata, data }])).rejects.toThrow(/of the key b was altered/);
});

test('rotation: the first key encrypts, and all decrypt', async () => {
  const before = await encrypted(codecOf(OLD));
  const during = codecOf(NEW, OLD);
  expect(await decrypted(during, before)).toEqual(VALUE);
  const after = await encrypted(during);
  expect(text(after.metadata?.['encryption-key-id'])).toBe('2026');
  expect(await decrypted(codecOf(NEW), after)).toEqual(VALUE);
});

test('a key that is not there: the error has its id, the known ids, and what to do', async () => {
  const one = await encrypted(codecOf(OLD));
  await expect(codecOf(NEW, key('2027', 3)).decode([one])).rejects.toThrow(
    'a payload was encrypted with the key "2025"; PAYLOAD_ENCRYPTION_KEYS has 2026, 2027: add that key to it',
  );
});

test('payloads from before the encryption are read', async () => {
  expect(await decrypted(codecOf(NEW), payload())).toEqual(VALUE);
});

test('a payload that another codec has encrypted is an error', async () => {
  const metadata = { encoding: Buffer.from('binary/encrypted') };
  await expect(codecOf(NEW).decode([{ metadata, data: Buffer.alloc(64) }])).rejects.toThrow(/names no key/);
});
