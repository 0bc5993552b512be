/** The saga in saga/README.md is the tiny saga of the tests, as it stands. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

test('the example is a saga that runs', () => {
  const [, example = ''] = /```ts\n([\s\S]*?)\n```/.exec(read('saga/README.md')) ?? [];
  expect(example.trim()).toBe(read('test/support/tiny-saga/saga.ts').trim());
});

test.each(['create-order-saga.ts', 'cancel-order-saga.ts'])('%s is under 80 lines', (file) => {
  expect(read(`workflows/${file}`).trimEnd().split('\n').length).toBeLessThan(80);
});
