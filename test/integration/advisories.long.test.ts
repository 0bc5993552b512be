/** `npm run advisories` distinguishes three answers of a registry: none known, some known, no answer. */
import { execFile } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

const EXPRESS = '5.3.0';
const ADVISORY = {
  id: 1,
  title: 'Everything is wrong with it',
  url: 'https://advisories.example/1',
  severity: 'critical',
  vulnerable_versions: '<=9.9.9',
};

/** A registry that knows advisories, and the packages that they are about. */
const registry =
  (advisories: object): RequestListener =>
  (request, response) => {
    const isQuestion = request.url?.endsWith('/advisories/bulk') === true;
    // npm also looks up the packages that depend on it.
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const versions = { [EXPRESS]: { name, version: EXPRESS, dist: { tarball: '' } } };
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify(isQuestion ? advisories : { name, 'dist-tags': { latest: EXPRESS }, versions }),
    );
  };

const silent: RequestListener = (_request, response) => {
  response.statusCode = 404;
  response.end('{}');
};

async function answerFor(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${String(port)}/` };
  try {
    return await new Promise<{ code: number | null; output: string }>((resolve) => {
      const script = path.join(ROOT, 'dist/tools/local/advisories.js');
      const child = execFile(process.execPath, [script], { env }, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, output: stdout + stderr });
      });
    });
  } finally {
    server.close();
  }
}

test('none known', async () => {
  expect(await answerFor(registry({}))).toEqual({
    code: 0,
    output: '0 packages with known vulnerabilities\n',
  });
});

test('one known', async () => {
  const { code, output } = await answerFor(registry({ express: [ADVISORY] }));
  expect(output).toContain(`${ADVISORY.title}: ${ADVISORY.url}`);
  expect(output).toMatch(/^critical: express /m);
  expect(code).toBe(1);
});

test('no answer: nothing is decided', async () => {
  const { code, output } = await answerFor(silent);
  expect(output).toMatch(/^nothing is decided: the registry gave no advisories: .+$/m);
  expect(code).toBe(2);
});
