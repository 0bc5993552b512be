/** The codec server: Temporal's contract, who may call it, and from which page. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import express from 'express';
import { codecCors } from '../../api/codec/codec-cors';
import { payloadsJson } from '../../api/codec/codec-json';
import { CODEC_PATH, codecRoutes } from '../../api/codec/codec-routes';
import { createHttpServer } from '../../api/http/server';
import { ANYBODY, type Scope, setPrincipal } from '../../api/http/principal';
import { notFound, problemHandler } from '../../api/http/problem-handler';
import { readConfig } from '../../platform/config';
import { NEW, OLD } from '../support/encryption-keys';
import { call } from '../support/http';

const UI = 'https://temporal.example';
const VALUE = { totalMinor: 4250 };
const PLAIN = payloadsJson([
  defaultPayloadConverter.toPayload(VALUE),
  defaultPayloadConverter.toPayload(null),
]);

const codecsOf = (keys: string) =>
  readConfig({ PAYLOAD_ENCRYPTION_KEYS: keys }).dataConverter?.payloadCodecs ?? [];

let server: Server;
let url: string;
/** Of the token of the next request. */
let scopes: ReadonlySet<Scope> = ANYBODY.scopes;

beforeAll(async () => {
  const codec = { codecs: codecsOf(`${NEW},${OLD}`), namespace: 'shop', uiOrigin: UI };
  const app = express()
    .use(CODEC_PATH, codecCors(codec.uiOrigin))
    .use((_request, response, next) => {
      setPrincipal(response, { ...ANYBODY, scopes });
      next();
    })
    .use(codecRoutes(codec), notFound, problemHandler);
  server = createHttpServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${CODEC_PATH}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const decode = (body: unknown, headers: Record<string, string> = {}) =>
  call(`${url}/decode`, 'POST', body, headers);

test('encodes with the first key, and decodes what it encoded', async () => {
  const { status, body } = await call(`${url}/encode`, 'POST', PLAIN);
  expect(status).toBe(200);
  expect(JSON.stringify(body)).not.toContain(PLAIN.payloads[0]?.data);
  const metadata = {
    encoding: Buffer.from('binary/encrypted').toString('base64'),
    'encryption-key-id': Buffer.from('2026').toString('base64'),
  };
  expect(body).toMatchObject({ payloads: [{ metadata }, { metadata }] });
  expect(await decode(body, { 'X-Namespace': 'shop' })).toMatchObject({ status: 200, body: PLAIN });
});

test('payloads in clear stay as they are; absent members are empty', async () => {
  expect((await decode(PLAIN)).body).toEqual(PLAIN);
  expect((await decode({ payloads: [] })).body).toEqual({ payloads: [] });
  expect((await decode({ payloads: [{}] })).body).toEqual({ payloads: [{ metadata: {}, data: '' }] });
});

test('without the scope operate: 403, and nothing is decoded', async () => {
  scopes = new Set([...ANYBODY.scopes].filter((scope) => scope !== 'operate'));
  try {
    for (const path of ['decode', 'encode']) {
      const { status, headers, body } = await call(`${url}/${path}`, 'POST', PLAIN);
      expect([status, body['type']]).toEqual([403, '/problems/insufficient-scope']);
      expect(headers.get('WWW-Authenticate')).toContain('scope="operate"');
      expect(body).not.toHaveProperty('payloads');
    }
  } finally {
    scopes = ANYBODY.scopes;
  }
});

test('an unknown key: 422 with its id', async () => {
  const [codec] = codecsOf(`lost:${Buffer.alloc(32, 9).toString('base64')}`);
  const lost = payloadsJson((await codec?.encode([defaultPayloadConverter.toPayload(VALUE)])) ?? []);
  const { status, body } = await decode(lost);
  expect([status, body['type']]).toEqual([422, '/problems/payload-not-decoded']);
  expect(body['detail']).toContain('the key "lost"');
});

test.each([
  [400, { payloads: [{ metadata: { encoding: 'not base64!' } }] }],
  [400, { payloads: [{ data: 5 }] }],
  [400, { payloads: {} }],
  [400, []],
  [413, { payloads: [{ data: 'A'.repeat(1_100_000) }] }],
])('%i, case %#', async (expected, body) => {
  expect((await decode(body)).status).toBe(expected);
});

test('a body of 800 KB is decoded', async () => {
  const large = { payloads: [{ metadata: {}, data: 'A'.repeat(800_000) }] };
  expect((await decode(large)).body).toEqual(large);
});

test('another namespace, another method, another type of body', async () => {
  expect((await decode(PLAIN, { 'X-Namespace': 'other' })).status).toBe(404);
  expect((await call(`${url}/decode`, 'GET')).status).toBe(405);
  expect((await decode(PLAIN, { 'Content-Type': 'text/plain' })).status).toBe(415);
});

const preflight = (origin: string) =>
  call(`${url}/decode`, 'OPTIONS', undefined, {
    Origin: origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type,x-namespace,authorization',
  });

test('the page of the Temporal UI may call it, without cookies; the preflight needs no token', async () => {
  scopes = new Set();
  const { status, headers } = await preflight(UI);
  scopes = ANYBODY.scopes;
  expect(status).toBe(204);
  expect(headers.get('Access-Control-Allow-Origin')).toBe(UI);
  expect(headers.get('Access-Control-Allow-Methods')).toBe('POST');
  expect(headers.get('Access-Control-Allow-Headers')).toMatch(/Content-Type, X-Namespace, Authorization/);
  expect(headers.get('Access-Control-Allow-Credentials')).toBeNull();
  const answer = await decode(PLAIN, { Origin: UI });
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(UI);
  expect(answer.headers.get('Vary')).toContain('Origin');
});

test.each(['https://evil.example', 'http://temporal.example', 'https://temporal.example:444', 'null'])(
  'no other page: %s',
  async (origin) => {
    for (const { headers } of [await preflight(origin), await decode(PLAIN, { Origin: origin })])
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
  },
);
