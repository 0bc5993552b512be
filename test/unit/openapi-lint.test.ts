/** The OpenAPI document has no error and no warning of Spectral and of Redocly. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { OPERATIONS } from '../../api/operations/http-operations';
import { openApiDocument } from '../../api/operations/openapi';
import { PUBLIC_OPERATIONS } from '../../api/operations/public-operations';
import { ROOT } from '../support/start';

const LINTER = path.join(ROOT, 'test/support/openapi-lint.mjs');

/** @returns a line for each error and warning */
function lint(document: object): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [LINTER], {
    input: JSON.stringify(document),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the linters failed: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

const document = openApiDocument([...OPERATIONS, ...PUBLIC_OPERATIONS]);

test('the document is without errors and warnings', () => {
  expect(lint(document)).toEqual([]);
});

test('both linters find what they are for', () => {
  const found = lint({ ...openApiDocument(OPERATIONS.slice(0, 1)), servers: [] });
  expect(found).toContainEqual(expect.stringMatching(/^redocly no-empty-servers at /));
  expect(found).toContainEqual(expect.stringMatching(/^spectral oas3-api-servers at /));
});
