import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES, readConfig } from '../../platform/config';
import { fileVariable, SECRET_NAMES } from '../../platform/secret-files';
import { OLD } from '../support/encryption-keys';

const ORDERS = 'postgres://order_service:secret@localhost/orders';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-secrets-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fileWith(content: string): string {
  const file = path.join(folder, 'secret');
  writeFileSync(file, content);
  return file;
}

test.each(['', '\n', '\r\n'])('a secret is read from its file, without the newline at its end: %j', (end) => {
  expect(readConfig({ ORDER_DATABASE_URL_FILE: fileWith(ORDERS + end) }).ORDER_DATABASE_URL).toBe(ORDERS);
  const keys = readConfig({ PAYLOAD_ENCRYPTION_KEYS_FILE: fileWith(OLD + end) }).PAYLOAD_ENCRYPTION_KEYS;
  expect(keys?.current.id).toBe('2025');
});

test("Temporal's API key too", () => {
  const env = { TEMPORAL_ADDRESS: 'localhost:7233', TEMPORAL_API_KEY_FILE: fileWith('the-key\n') };
  expect(readConfig(env).temporal?.apiKey).toBe('the-key');
});

test('a secret that is set twice is refused in one line', () => {
  const env = { ORDER_DATABASE_URL: ORDERS, ORDER_DATABASE_URL_FILE: fileWith(ORDERS) };
  expect(() => readConfig(env)).toThrow(
    /^ORDER_DATABASE_URL and ORDER_DATABASE_URL_FILE exclude each other: set one$/,
  );
  expect(readConfig({ ...env, ORDER_DATABASE_URL: '' }).ORDER_DATABASE_URL).toBe(ORDERS);
});

test('a file that is not there, or is empty, is one line with the variable and the path', () => {
  expect(() => readConfig({ ORDER_DATABASE_URL_FILE: '/nowhere/url' })).toThrow(
    /^ORDER_DATABASE_URL_FILE: \/nowhere\/url cannot be read \((Error: )?ENOENT.*\)$/,
  );
  expect(() => readConfig({ ORDER_DATABASE_URL_FILE: fileWith('\n') })).toThrow(
    /^ORDER_DATABASE_URL_FILE: .* is empty$/,
  );
});

test('an invalid value in a file is reported under the name of the secret, without the value', () => {
  const env = { ORDER_DATABASE_URL_FILE: fileWith('https://a:secret@localhost') };
  expect(() => readConfig(env)).toThrow(/^ORDER_DATABASE_URL: must be postgres:(?!.*secret)/);
});

test('every URL of a database is a secret, and the configuration knows the variable of each file', () => {
  const urls = ENVIRONMENT_NAMES.filter((name) => /DATABASE.*_URL$/.test(name));
  expect(SECRET_NAMES).toEqual(expect.arrayContaining([...urls, 'PAYLOAD_ENCRYPTION_KEYS']));
  expect(ENVIRONMENT_NAMES).toEqual(expect.arrayContaining(SECRET_NAMES.map(fileVariable)));
});
