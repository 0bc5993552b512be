/** With a payload codec nothing that Temporal keeps of an order can be read, and all that reads it still does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { sagaWorkflowId } from '../../domain/names';
import { brokenSagas, startAgain } from '../../ops/repair/saga-reruns';
import { readConfig } from '../../platform/config';
import type { Placement } from '../../saga/contract';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { holdCustomer } from '../support/outages';
import { operatorCommand } from '../support/operator-command';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

const CODEC = path.join(ROOT, 'test/support/payload-codec.cjs');

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    const { dataConverter } = readConfig({ PAYLOAD_CODEC_PATH: CODEC });
    system = await startSystem({ placement, dataConverter });
    folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-codec-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await system.stop();
  });

  test('an order is approved, its history is unreadable, and replays with the codec only', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
    expect(body['state']).toBe('APPROVED');
    const saga = system.client.workflow.getHandle(sagaWorkflowId([String(body['orderId'])]));
    await saga.result();
    const history = historyToJSON(await saga.fetchHistory());
    const kept = Array.from(history.matchAll(/"data": "([^"]+)"/g), ([, data = '']) =>
      Buffer.from(data, 'base64').toString(),
    ).join('\n');
    expect(kept).not.toContain(customer);
    expect(kept).not.toContain('totalMinor');
    const file = path.join(folder, 'history.json');
    writeFileSync(file, history);
    const replayed = (env: Record<string, string>) => operatorCommand('replay', ['--history', file], env);
    expect((await replayed({ PAYLOAD_CODEC_PATH: CODEC })).code).toBe(0);
    // Without the codec the result is undecided, not a divergence.
    const { code, stdout } = await replayed({});
    expect(stdout).toMatch(/not decided: its payloads are encoded \([^)]+\): name the codec/);
    expect(code).toBe(2);
  });

  test('a terminated saga is started again with the input that it had', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const lock = await holdCustomer(system.databases.adminCustomerUrl, customer);
    const { body } = await placeOrder(system.url, customer, '1.00');
    const orderId = String(body['orderId']);
    const state = async () => (await call(`${system.url}/orders/${orderId}`, 'GET')).body['state'];
    await eventually(async () => ((await state()) === 'PENDING' ? true : undefined));
    await system.client.workflow.getHandle(sagaWorkflowId([orderId])).terminate();
    const broken = await eventually(async () => {
      for await (const saga of brokenSagas(system.client)) return saga;
      return undefined;
    });
    await lock.release();
    await startAgain(system.client, broken);
    await eventually(async () => ((await state()) === 'APPROVED' ? true : undefined));
  });
});

test.each([
  ['is not there', '/nowhere/codec.cjs', /PAYLOAD_CODEC_PATH: .*cannot be loaded/],
  ['exports something else', path.join(ROOT, 'package.json'), /does not export payloadCodecs/],
])('a codec that %s is refused at the start', (_name, file, words) => {
  expect(() => readConfig({ PAYLOAD_CODEC_PATH: file })).toThrow(words);
});
