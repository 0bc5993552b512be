/** What Node rejects by itself before a request reaches the application is a problem too. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express, { type Request, type Response } from 'express';
import { createHttpServer, SERVER_LIMITS } from '../../api/http/server';
import { notFound, problemHandler } from '../../api/http/problem-handler';
import { requestSyntax } from '../../api/http/request-syntax';
import { jsonBody } from '../../api/http/validation';
import { type RawAnswer, sendRaw } from '../support/raw-http';

let server: Server;
let url: string;

const app = express()
  .use(requestSyntax)
  .post('/echo', jsonBody, (request: Request, response: Response) => {
    response.json(request.body);
  })
  .use(notFound, problemHandler);

beforeAll(async () => {
  server = createHttpServer(app, { ...SERVER_LIMITS, headersMs: 200, requestMs: 400, checkMs: 50 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function expectProblem({ status, headers, body }: RawAnswer, expected: number, name: string): void {
  expect([status, headers['content-type']]).toEqual([expected, 'application/problem+json']);
  const { type, requestId, ...rest } = JSON.parse(body) as Record<string, unknown>;
  expect([type, rest['status']]).toEqual([`/problems/${name}`, expected]);
  expect(requestId).toEqual(expect.stringMatching(/./));
}

const HOST = 'Host: x\r\nConnection: close\r\n';
const post = (headers: string, body: string) =>
  `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${headers}\r\n${body}`;

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'malformed-request'],
  ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed-request'],
  ['a bad header', `GET / HTTP/1.1\r\n${HOST}a b: c\r\n\r\n`, 400, 'malformed-request'],
  ['two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', '{}'), 400, 'malformed-request'],
  [
    'a length and chunks',
    post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'),
    400,
    'malformed-request',
  ],
  ['bad chunks', post('Transfer-Encoding: chunked\r\n', 'zz\r\n'), 400, 'malformed-request'],
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed-request'],
  ['a bad path', `GET /%zz HTTP/1.1\r\n${HOST}\r\n`, 400, 'malformed-request'],
  ['a bad URL', `GET http://[ HTTP/1.1\r\n${HOST}\r\n`, 400, 'malformed-request'],
  ['large headers', `GET / HTTP/1.1\r\n${HOST}a: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ['many headers', `GET / HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(99)}\r\n`, 431, 'headers-too-large'],
  ['as many headers as may be', `GET / HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(98)}\r\n`, 404, 'not-found'],
  ['a long path', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, 'headers-too-large'],
  ['headers that do not end', 'GET / HTTP/1.1\r\nHost: x\r\n', 408, 'request-timeout'],
  ['a body that does not end', post('Content-Length: 100\r\n', '{'), 408, 'request-timeout'],
  ['an expectation', post('Expect: magic\r\nContent-Length: 2\r\n', '{}'), 417, 'expectation-failed'],
  ['a proxy request', 'CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method-not-allowed'],
])('%s gets a problem', async (_name, bytes, status, problem) => {
  expectProblem(await sendRaw(url, bytes), status, problem);
});

test.each([
  ['invalid UTF-8', '{"name":"\xff"}', '', 400, 'malformed-request'],
  ['a surrogate in UTF-8', '{"name":"\xed\xa0\x80"}', '', 400, 'malformed-request'],
  ['UTF-16', '{}', '; charset=utf-16', 415, 'unsupported-media-type'],
  ['UTF-7', '{}', '; charset="utf-7"', 415, 'unsupported-media-type'],
  ['an unknown charset', '{}', ';charset=klingon', 415, 'unsupported-media-type'],
])('a body in %s gets a problem', async (_name, body, charset, status, problem) => {
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json${charset}\r\n`;
  expectProblem(
    await sendRaw(url, `${head}Content-Length: ${String(body.length)}\r\n\r\n${body}`),
    status,
    problem,
  );
});

test('OPTIONS * lists the methods', async () => {
  const { status, headers } = await sendRaw(url, `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
  expect([status, headers['allow']]).toEqual([204, 'GET, HEAD, POST, DELETE, OPTIONS']);
});

test('garbage after a request does not mix with its answer', async () => {
  const slow = createHttpServer((_request, response) => {
    setTimeout(() => response.end('whole'), 100);
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${String((slow.address() as AddressInfo).port)}`;
  const { body } = await sendRaw(at, 'GET / HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n').catch(() => ({
    body: '',
  }));
  expect(body).not.toContain('problems');
  slow.closeAllConnections();
  await new Promise((resolve) => slow.close(resolve));
});
