/** Tokens that an attacker may send: each is refused, and none makes the verification fail otherwise. */
import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  IdentityProviderUnavailable,
  InvalidToken,
  TOKEN_MAX_LENGTH,
  tokenVerifier,
} from '../../api/http/bearer-tokens';
import { AUDIENCE, startIdentityProvider, type TestIdentityProvider } from '../../tools/local/token-issuer';

let provider: TestIdentityProvider;
let verify: ReturnType<typeof tokenVerifier>;

beforeAll(async () => {
  provider = await startIdentityProvider();
  verify = tokenVerifier({ url: provider.url, audience: AUDIENCE });
});
afterAll(() => provider.stop());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const refused = (token: string) => expect(verify(token)).rejects.toBeInstanceOf(InvalidToken);
const payloadOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

test('a valid token has its principal: subject, scopes that exist, and customer', async () => {
  const customer = '018F1E0A-0000-7000-8000-000000000001';
  const scope = 'orders:read operate admin orders:readx';
  expect(await verify(await provider.token({ scope, customer_id: customer }))).toEqual({
    id: `tester\n${customer.toLowerCase()}`,
    customerId: customer.toLowerCase(),
    scopes: new Set(['orders:read', 'operate']),
  });
  expect(await verify(await provider.token({ aud: ['other', AUDIENCE] }))).toMatchObject({ id: 'tester' });
});

test('algorithm none, in any spelling', async () => {
  const payload = encode(payloadOf(await provider.token()));
  for (const alg of ['none', 'None', 'NONE', '', null]) {
    await refused(`${encode({ alg, typ: 'JWT' })}.${payload}.`);
    await refused(`${encode({ alg, typ: 'JWT', kid: 'key-0' })}.${payload}.${encode('x')}`);
  }
});

test('key confusion: the public key as the secret of an HMAC', async () => {
  const payload = encode(payloadOf(await provider.token()));
  const secret = await provider.publicKeyPem();
  for (const [alg, hash] of [
    ['HS256', 'sha256'],
    ['HS512', 'sha512'],
  ] as const) {
    const signed = `${encode({ alg, typ: 'JWT', kid: 'key-0' })}.${payload}`;
    const mac = createHmac(hash, secret).update(signed).digest('base64url');
    await refused(`${signed}.${mac}`);
  }
});

test('a key that the token brings along is not used', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const payload = payloadOf(await provider.token()) as Record<string, unknown>;
  for (const header of [
    { jwk },
    { jku: 'http://127.0.0.1:1/keys' },
    { x5u: 'http://127.0.0.1:1/keys' },
    { kid: '../../../dev/null' },
    { kid: "key-0' OR '1'='1" },
    { kid: 'x'.repeat(2_000) },
  ]) {
    const token = new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'key-0', ...header });
    await refused(await token.sign(privateKey));
  }
});

test('a critical header that nobody knows', async () => {
  const payload = JSON.stringify(payloadOf(await provider.token()));
  const header = { alg: 'RS256', kid: 'key-0' };
  await expect(verify(provider.signed(header, payload))).resolves.toMatchObject({ id: 'tester' });
  await refused(provider.signed({ ...header, crit: ['exp'], exp: 1 }, payload));
  await refused(provider.signed({ ...header, crit: ['b64'], b64: false }, payload));
});

test('a claim that the issuer wrote twice has its last value (RFC 7519), and is checked as such', async () => {
  const payload = JSON.stringify(payloadOf(await provider.token({ scope: 'operate' })));
  const twice = (claim: string) =>
    provider.signed({ alg: 'RS256', kid: 'key-0' }, `${payload.slice(0, -1)},${claim}}`);
  await expect(verify(twice('"sub":"other"'))).resolves.toMatchObject({ id: 'other' });
  for (const claim of [
    '"exp":1',
    '"exp":1e400',
    '"aud":"other"',
    '"iss":"x"',
    '"customer_id":"*"',
    '"sub":null',
  ])
    await refused(twice(claim));
});

test.each<[string, Record<string, unknown>]>([
  ['an expiry that is text', { exp: '9999999999' }],
  ['no expiry', { exp: undefined }],
  ['a subject that is a number', { sub: 7 }],
  ['an empty subject', { sub: '' }],
  ['a long subject', { sub: 'x'.repeat(256) }],
  ['a subject with a line feed', { sub: 'tester\nother' }],
  ['a customer that is no UUID', { customer_id: '*' }],
  ['a customer that is a list', { customer_id: ['018f1e0a-0000-7000-8000-000000000001'] }],
  ['a customer that is null', { customer_id: null }],
  ['scopes that are a list', { scope: ['operate'] }],
  ['scopes that are an object', { scope: { operate: true } }],
  ['an audience that is an object', { aud: { 0: AUDIENCE } }],
  ['an issuer that is a list', { iss: ['x'] }],
])('%s', async (_, claims) => {
  await refused(await provider.token(claims));
});

test('huge and deeply nested tokens', async () => {
  await refused(await provider.token({ filler: 'x'.repeat(TOKEN_MAX_LENGTH) }));
  const nested = '['.repeat(2_000) + ']'.repeat(2_000);
  const payload = Buffer.from(`{"sub":"tester","deep":${nested}}`).toString('base64url');
  await refused(
    `${encode({ alg: 'RS256', kid: 'key-0' })}.${payload}.${randomBytes(256).toString('base64url')}`,
  );
});

test('any change of a valid token', async () => {
  const valid = await provider.token({ scope: 'operate' });
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(valid.length - 1),
      fc.string({ unit: 'binary', maxLength: 3 }),
      async (at, text) => {
        const changed = valid.slice(0, at) + text + valid.slice(at + 1);
        // The last character of a signature has two bits that mean nothing.
        if (changed === valid || at === valid.length - 1) return;
        await refused(changed);
      },
    ),
    { seed, numRuns: 500 },
  );
});

test('the keys are read once, and without them nothing is known of a token', async () => {
  const before = provider.keysRead;
  await Promise.all(Array.from({ length: 20 }, async () => verify(await provider.token())));
  expect(provider.keysRead).toBe(before);
  const nowhere = tokenVerifier({ url: 'http://127.0.0.1:1', audience: AUDIENCE });
  await expect(nowhere(await provider.token())).rejects.toBeInstanceOf(IdentityProviderUnavailable);
});

test('a forged key id does not make the keys be read again and again', async () => {
  const before = provider.keysRead;
  for (let count = 0; count < 20; count += 1)
    await refused(await provider.token({}, { kid: `x${String(count)}` }));
  expect(provider.keysRead).toBe(before);
});
