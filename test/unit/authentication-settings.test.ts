/** A start that would serve a network without authentication is refused. */
import { expect, test } from '@jest/globals';
import { authenticationOf } from '../../api/authentication-settings';
import { readConfig } from '../../platform/config';

const TOKEN = 'x'.repeat(32);
const ISSUER = { AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'api' };
const settings = (env: Record<string, string>) => authenticationOf(readConfig(env));

test.each(['0.0.0.0', '::', '192.168.0.7', 'store.example'])('HOST=%s needs a decision', (HOST) => {
  expect(() => settings({ HOST })).toThrow(
    `HOST: without authentication the API serves loopback only, not ${HOST}; set AUTH_ISSUER and AUTH_AUDIENCE, or AUTH=none`,
  );
  expect(settings({ HOST, AUTH: 'none' })).toEqual({
    issuer: undefined,
    serviceTokens: [],
    localOnly: false,
  });
  expect(settings({ HOST, ...ISSUER })).toMatchObject({
    issuer: { url: 'https://id.example', audience: 'api' },
  });
});

test.each(['127.0.0.1', '127.8.0.1', '::1', '[::1]', 'localhost'])(
  'HOST=%s serves this machine only',
  (HOST) => {
    expect(settings({ HOST })).toMatchObject({ issuer: undefined, localOnly: true });
  },
);

test.each<[RegExp, Record<string, string>]>([
  [/^AUTH_ISSUER and AUTH_AUDIENCE: set both/, { AUTH_ISSUER: 'https://id.example' }],
  [/^AUTH_ISSUER and AUTH_AUDIENCE: set both/, { AUTH_AUDIENCE: 'api' }],
  [/^AUTH: none and AUTH_ISSUER contradict each other/, { ...ISSUER, AUTH: 'none' }],
  [/^AUTH_ISSUER: AUTH=required needs it/, { AUTH: 'required' }],
  [/^AUTH_ISSUER: must be https, except on this machine$/, { ...ISSUER, AUTH_ISSUER: 'http://id.example' }],
  [/^AUTH_ISSUER: /, { ...ISSUER, AUTH_ISSUER: 'file:///etc' }],
  [/^AUTH: /, { AUTH: 'off' }],
  [/^SERVICE_TOKENS: must be tokens of 32 to 512/, { SERVICE_TOKENS: `${TOKEN},short` }],
  [
    /^SERVICE_TOKENS: with AUTH_ISSUER, services in several processes require it/,
    { ...ISSUER, SERVICES: 'order' },
  ],
])('%s', (message, env) => {
  expect(() => settings(env)).toThrow(message);
});

test('service tokens: the first is sent, all are accepted', () => {
  const SERVICE_TOKENS = `${TOKEN}1, ${TOKEN}2`;
  expect(settings({ ...ISSUER, SERVICES: 'order', SERVICE_TOKENS }).serviceTokens).toEqual([
    `${TOKEN}1`,
    `${TOKEN}2`,
  ]);
  expect(settings({ ...ISSUER, AUTH_ISSUER: 'http://127.0.0.1:9400' }).issuer?.url).toBe(
    'http://127.0.0.1:9400',
  );
});
