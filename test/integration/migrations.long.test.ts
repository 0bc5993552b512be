/** A schema that differs from its migrations is detected, and the missing migration is written. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(path.join(os.tmpdir(), 'order-saga-schema-'));
  for (const folder of ['dist', 'prisma'])
    cpSync(path.join(ROOT, folder), path.join(copy, folder), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  mkdirSync(path.join(copy, 'test'));
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

function node(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: copy }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 1, said: stdout + stderr });
    });
  });
}

const checked = () => node('dist/tools/local/check.js', 'migrations');
const written = (name: string) => node('dist/tools/local/migrate-dev.js', 'order', name);
const migrations = () =>
  readdirSync(path.join(copy, 'prisma/order/migrations')).filter((name) => /^\d/.test(name));

test('a changed schema fails the check until migrate:dev has written its migration', async () => {
  const schema = path.join(copy, 'prisma/order/schema.prisma');
  const before = migrations();
  expect(await checked()).toMatchObject({ code: 0 });
  expect((await written('nothing')).said).toContain('no migration is needed');

  writeFileSync(
    schema,
    readFileSync(schema, 'utf8').replace(/model Order \{/, '$&\n  giftNote String? @map("gift_note")'),
  );
  const drift = await checked();
  expect(drift.code).toBe(1);
  expect(drift.said).toMatch(/order service's migrations \(-\) and schema \(\+\) disagree/);
  expect(drift.said).toContain('+ orders gift_note text');

  expect(await written('gift-note')).toMatchObject({ code: 0 });
  const [added, ...more] = migrations().filter((name) => !before.includes(name));
  expect(more).toEqual([]);
  expect(added).toMatch(/^\d{14}_gift_note$/);
  const sql = readFileSync(
    path.join(copy, 'prisma/order/migrations', String(added), 'migration.sql'),
    'utf8',
  );
  expect(sql).toContain('ALTER TABLE "orders" ADD COLUMN');
  expect(await checked()).toMatchObject({ code: 0 });
}, 120_000);

test.each([[[]], [['shop', 'name']], [['order', 'a name; with more']]])(
  'migrate:dev %j prints its usage',
  async (args) => {
    const { code, said } = await node('dist/tools/local/migrate-dev.js', ...args);
    expect(code).toBe(2);
    expect(said).toMatch(/^Usage: npm run migrate:dev -- /);
  },
);
