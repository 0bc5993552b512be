/** `npm start` with a file of keys: what the embedded Temporal keeps is encrypted, and its UI decodes it by itself. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { sagaWorkflowId } from '../../domain/names';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { freePorts, ready, scratch, start } from '../support/start';

const uiSettings = z.object({ Codec: z.object({ Endpoint: z.string() }) });

test.each(['start', 'start:distributed'])(
  'npm run %s: the Temporal UI has the codec server for its page',
  async (command) => {
    const data = scratch();
    mkdirSync(path.dirname(data.folder), { recursive: true });
    const PAYLOAD_ENCRYPTION_KEYS_FILE = `${data.folder}.keys`;
    writeFileSync(PAYLOAD_ENCRYPTION_KEYS_FILE, `first:${randomBytes(32).toString('base64')}\n`);
    const env = { ...(await freePorts()), DATA_DIR: data.folder, PAYLOAD_ENCRYPTION_KEYS_FILE };
    const url = `http://127.0.0.1:${env.PORT}`;
    const ui = `http://localhost:${env.TEMPORAL_UI_PORT}`;
    const started = start(env, command);
    await ready(started);
    const customer = await newCustomer(url, '10.00');
    const { body: order } = await placeOrder(url, customer, '1.00', WAIT);
    expect(order['state']).toBe('APPROVED');

    const { Codec } = uiSettings.parse((await call(`${ui}/api/v1/settings`, 'GET')).body);
    expect(Codec.Endpoint).toBe(`${url}/codec`);
    const saga = sagaWorkflowId([String(order['orderId'])]);
    const history = await eventually(async () => {
      const { body } = await call(`${ui}/api/v1/namespaces/default/workflows/${saga}/history`, 'GET');
      return JSON.stringify(body).includes('encryption-key-id') ? JSON.stringify(body) : undefined;
    });
    const [, payload = ''] = /"input":\{"payloads":\[(\{.*?\})\]/.exec(history) ?? [];
    const decoded = await call(`${Codec.Endpoint}/decode`, 'POST', `{"payloads":[${payload}]}`, {
      Origin: ui,
      'X-Namespace': 'default',
    });
    expect([decoded.status, decoded.headers.get('Access-Control-Allow-Origin')]).toEqual([200, ui]);
    const [, shown = ''] = /"data":"([^"]+)"/.exec(JSON.stringify(decoded.body)) ?? [];
    expect(Buffer.from(shown, 'base64').toString()).toContain(customer);

    started.process.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    data.remove();
  },
  120_000,
);
