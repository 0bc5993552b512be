/**
 * Reads an OpenAPI document from stdin, and writes what Spectral and Redocly have against it: one line each, errors and warnings.
 * A process of its own, because Redocly is published only as an ES module.
 */
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

/** All rules apply, also those that neither tool recommends, except these. */
const SPECTRAL_OFF = {
  // OpenAPI 3.1 allows the roles of a bearer token there; the rule knows only the scopes of OAuth2.
  'oas3-operation-security-defined': 'off',
  // The project has no address besides its repository.
  'contact-properties': 'off',
};

/** Refers to other files, if anything does: there are none. */
const PLACE = 'openapi.json';

async function redocly(source) {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source, absoluteRef: PLACE, config });
  return problems.map(
    ({ ruleId, message, location: [at] }) => `redocly ${ruleId} at ${at?.pointer ?? '#'}: ${message}`,
  );
}

async function spectral(source) {
  const linter = new spectralCore.Spectral();
  linter.setRuleset({ extends: [[rulesets.oas, 'all']], rules: SPECTRAL_OFF });
  const problems = await linter.run(source);
  return problems.map(
    ({ code, message, path }) => `spectral ${String(code)} at #/${path.join('/')}: ${message}`,
  );
}

const source = await text(process.stdin);
const found = [...(await redocly(source)), ...(await spectral(source))];
process.stdout.write(found.map((line) => `${line}\n`).join(''));
