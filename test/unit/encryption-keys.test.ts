import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../platform/config';
import { key, NEW, OLD } from '../support/encryption-keys';

const refused = (PAYLOAD_ENCRYPTION_KEYS: string, more: Record<string, string> = {}) =>
  expect(() => readConfig({ PAYLOAD_ENCRYPTION_KEYS, ...more }));

const encoded = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');

test.each([
  ['a short key', `a:${encoded(31)}`],
  ['a long key', `a:${encoded(33)}`],
  ['no key', 'a:'],
  ['what is no base64', `a:${encoded(32).slice(0, -2)}!=`],
  ['hexadecimal', `a:${'07'.repeat(32)}`],
])('%s is refused in one line with the way to make one', (_what, text) => {
  refused(text).toThrow(
    /^PAYLOAD_ENCRYPTION_KEYS: the key a must be 32 bytes in base64; generate one: openssl rand -base64 32$/,
  );
});

test.each([encoded(32), `:${encoded(32)}`, `a b:${encoded(32)}`, `${'a'.repeat(65)}:${encoded(32)}`])(
  'an entry without a valid id is named by its position: %s',
  (entry) => {
    refused(`${OLD},${entry}`).toThrow(/^PAYLOAD_ENCRYPTION_KEYS: entry 2 must be id:base64key, .*$/);
    refused(`${OLD},`).toThrow(/entry 2 must be/);
  },
);

test('two keys with one id, and one key with two ids, are refused', () => {
  refused(`${OLD},${NEW},${key('2025', 3)}`).toThrow(/two keys have the id 2025/);
  refused(`${OLD},${key('2026', 1)}`).toThrow(/2025 and 2026 are the same key/);
});

test('no error has a part of a key', () => {
  const secret = encoded(32);
  for (const text of [secret, `a:${secret}!`, `a:${secret},a:${secret}`, `a:${secret},b:${secret}`])
    expect(messageOf(text)).not.toContain(secret.slice(0, 8));
});

function messageOf(text: string): string {
  try {
    readConfig({ PAYLOAD_ENCRYPTION_KEYS: text });
  } catch (error) {
    return String(error);
  }
  throw new Error('it was accepted');
}

test('a configuration that is printed or serialized shows no key', () => {
  const config = readConfig({ PAYLOAD_ENCRYPTION_KEYS: OLD });
  const shown = inspect(config, { depth: 10, showHidden: true }) + JSON.stringify(config);
  expect(shown).not.toContain(Buffer.alloc(8, 1).toString('base64').slice(0, 8));
  expect(shown).not.toMatch(/01 01 01 01|1,1,1,1/);
});

test('keys and a codec of a module exclude each other', () => {
  refused(OLD, { PAYLOAD_CODEC_PATH: 'codec.cjs' }).toThrow(
    /^PAYLOAD_ENCRYPTION_KEYS and PAYLOAD_CODEC_PATH exclude each other: set one$/,
  );
});

test('spaces around entries are ignored; without keys nothing is encoded', () => {
  expect(readConfig({ PAYLOAD_ENCRYPTION_KEYS: ` ${NEW} , ${OLD} ` }).dataConverter).toBeDefined();
  expect(readConfig({ PAYLOAD_ENCRYPTION_KEYS: '' }).dataConverter).toBeUndefined();
});
