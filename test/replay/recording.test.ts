/** Recording is no way past the gate: a history that was kept is given up by a person, or not at all. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { corpusIndex } from '../../ops/replay/corpus';
import { version } from '../../package.json';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';
import { keepHistory } from './recording';

let system: TestSystem;
let folder: string;

beforeAll(async () => {
  system = await startSystem();
  folder = mkdtempSync(path.join(tmpdir(), 'order-saga-histories-'));
});
afterAll(async () => {
  await system.stop();
  rmSync(folder, { recursive: true, force: true });
});

const file = () => path.join(folder, 'decided.json');
const kept = () => readFileSync(file(), 'utf8');

/** A saga of one order, which needs that much of a credit limit of 1.00. */
async function keepSagaOf(amount: string): Promise<void> {
  const customer = await newCustomer(system.url, '1.00');
  const { body } = await placeOrder(system.url, customer, amount, WAIT);
  const saga = system.client.workflow.getHandle(`order-${String(body['orderId'])}`);
  await saga.result();
  await keepHistory(system.client, { workflowId: saga.workflowId }, 'decided', `of ${amount}`, folder);
}

/** As if the saga had asked for `now` where it asked for `was`; the names stand in what its steps left in the history. */
function rewritten(history: string, was: string, now: string): string {
  return history.replaceAll(/"data": "([^"]+)"/g, (data: string, encoded: string) => {
    const text = Buffer.from(encoded, 'base64').toString();
    return text.includes(was)
      ? `"data": "${Buffer.from(text.replaceAll(was, now)).toString('base64')}"`
      : data;
  });
}

test('a recording of the same path changes nothing, one of another path replaces it', async () => {
  await keepSagaOf('1.00');
  const first = kept();
  await keepSagaOf('1.00');
  expect(kept()).toBe(first);
  await keepSagaOf('2.00');
  expect(kept()).not.toBe(first);
  expect(corpusIndex(folder)).toEqual({ decided: { path: 'of 2.00', version } });
});

test('a history that no longer replays is not overwritten', async () => {
  const broken = rewritten(kept(), 'reserveCredit', 'checkFraud');
  expect(broken).not.toBe(kept());
  writeFileSync(file(), broken);
  await expect(keepSagaOf('1.00')).rejects.toThrow(/^decided does not replay any more, and is kept as it is/);
  expect(kept()).toBe(broken);
  expect(readdirSync(folder).sort()).toEqual(['decided.json', 'index.json']);
});
