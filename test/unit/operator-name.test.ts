/** The name under which a decision of `npm run parked` is recorded. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { operatorOf } from '../../ops/parked/operator';
import { AUDIENCE, startIdentityProvider, type TestIdentityProvider } from '../../tools/local/token-issuer';

let provider: TestIdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());

const NO_TOKENS = { AUTH_ISSUER: undefined, AUTH_AUDIENCE: undefined, ACCESS_TOKEN: undefined };
const withToken = (ACCESS_TOKEN?: string) => ({
  AUTH_ISSUER: provider.url,
  AUTH_AUDIENCE: AUDIENCE,
  ACCESS_TOKEN,
});

test('without tokens it is the given name, and never that of the operating system', async () => {
  expect(await operatorOf(NO_TOKENS, 'grace')).toBe('grace');
  expect(await operatorOf(NO_TOKENS, undefined)).toBe('anonymous');
});

test('with tokens it is the subject', async () => {
  const token = await provider.token({ sub: 'ada', scope: 'orders:read operate' });
  expect(await operatorOf(withToken(token), undefined)).toBe('ada');
  await expect(operatorOf(withToken(token), 'grace')).rejects.toThrow('--by: with AUTH_ISSUER');
});

test.each([
  ['none', undefined, /^ACCESS_TOKEN: with AUTH_ISSUER a decision needs a token/],
  ['without the scope', { scope: 'orders:write' }, /needs the scope operate/],
  ['of one customer', { scope: 'operate', customer_id: '018f1e0a-0000-7000-8000-000000000001' }, /operate/],
  ['expired', { scope: 'operate', exp: 1 }, /refused: it has expired/],
  ['for another audience', { scope: 'operate', aud: 'other' }, /refused: its claim aud/],
])('a token that does not count: %s', async (_what, claims, message) => {
  const token = claims && (await provider.token(claims));
  await expect(operatorOf(withToken(token), undefined)).rejects.toThrow(message);
});

test('a provider that cannot be reached is reported', async () => {
  const variables = { ...withToken(await provider.token()), AUTH_ISSUER: 'http://127.0.0.1:1' };
  await expect(operatorOf(variables, undefined)).rejects.toThrow(
    /AUTH_ISSUER: the keys of .* cannot be read/,
  );
});
