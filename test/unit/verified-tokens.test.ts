/** A token is verified again after a while, when it has expired, and when it was refused. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Principal } from '../../api/http/principal';
import { REMEMBERED_MS, VerifiedTokens } from '../../api/http/verified-tokens';

const principal: Principal = { id: 'tester', customerId: undefined, scopes: new Set(['orders:read']) };
const HOUR_MS = 3_600_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function verifier(validMs: number) {
  const verified: string[] = [];
  const expiresAtS = (Date.now() + validMs) / 1_000;
  const tokens = new VerifiedTokens((token) => {
    verified.push(token);
    return Promise.resolve({ principal, expiresAtS });
  });
  return { tokens, verify: (token: string) => tokens.principalOf(token), verified };
}

test('a token is verified once a minute', async () => {
  const { verify, verified } = verifier(HOUR_MS);
  expect(await verify('a')).toBe(principal);
  expect(await verify('a')).toBe(principal);
  await verify('b');
  expect(verified).toEqual(['a', 'b']);
  jest.advanceTimersByTime(REMEMBERED_MS);
  await verify('a');
  expect(verified).toEqual(['a', 'b']);
  jest.advanceTimersByTime(1);
  await verify('a');
  expect(verified).toEqual(['a', 'b', 'a']);
});

test.each([-1, 0, 0.5])('a token that expires in %d ms is not remembered', async (validMs) => {
  const { verify, verified } = verifier(validMs);
  await verify('a');
  await verify('a');
  expect(verified).toEqual(['a', 'a']);
});

test('a token is remembered no longer than it is valid', async () => {
  const { verify, verified } = verifier(2_000);
  await verify('a');
  jest.advanceTimersByTime(2_000);
  await verify('a');
  expect(verified).toHaveLength(1);
  jest.advanceTimersByTime(1);
  await verify('a');
  expect(verified).toHaveLength(2);
});

test('no token is remembered beyond a change of the keys', async () => {
  const { tokens, verify, verified } = verifier(HOUR_MS);
  await verify('a');
  tokens.forget();
  await verify('a');
  expect(verified).toEqual(['a', 'a']);
});

test('a refused token is verified each time', async () => {
  let refusals = 0;
  const tokens = new VerifiedTokens(() => {
    refusals += 1;
    return Promise.reject(new Error('refused'));
  });
  await expect(tokens.principalOf('a')).rejects.toThrow('refused');
  await expect(tokens.principalOf('a')).rejects.toThrow('refused');
  expect(refusals).toBe(2);
});
