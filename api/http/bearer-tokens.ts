/** Verification of bearer tokens: JWTs of one issuer, for one audience (RFC 9068, OpenID Connect Discovery). */
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';
import { type Principal, SCOPES, type Scope } from './principal';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens';

/** Asymmetric only: with them, a public key cannot be used as the secret of a MAC, and `none` is no signature. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** 30 s: the clocks of two machines with NTP differ by less. */
const CLOCK_SKEW_S = 30;

/** 8 KB: several times a token with many claims. Verification costs time for each byte, before anything is known of the client. */
export const TOKEN_MAX_LENGTH = 8_192;

/** 5 s: the identity provider answers in milliseconds; requests wait for it only for the first token and after a rotation. */
const PROVIDER_TIMEOUT_MS = 5_000;

/** 30 s: an unknown key id makes the keys be read again, but not by each forged token. */
const KEYS_COOLDOWN_MS = 30_000;

/** 10 min: a key that the provider has withdrawn is accepted no longer than this. */
const KEYS_MAX_AGE_MS = 600_000;

/** Types that name an access token or nothing more specific; others, such as logout tokens, are for other purposes. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'at+jwt', 'application/at+jwt'];

export interface Issuer {
  /** The `iss` of tokens, and the base of the provider's metadata. */
  readonly url: string;
  /** The `aud` of tokens. */
  readonly audience: string;
  /** Milliseconds until an unknown key id is looked up again; default 30 s. */
  readonly keysCooldownMs?: number;
}

/** The token is none that this API accepts. The message says why, and has nothing of the token. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

/** The keys of the issuer cannot be read, so that nothing is known of the token. */
export class IdentityProviderUnavailable extends Error {
  override readonly name = 'IdentityProviderUnavailable';
}

const claims = z.object({
  // Finite.
  exp: z.number(),
  sub: z.string().regex(/^[\x20-\x7e]{1,255}$/),
  scope: z.string().max(4_096).optional(),
  customer_id: z.guid().toLowerCase().optional(),
});

/** @returns a function that returns the principal of a token, or throws InvalidToken or IdentityProviderUnavailable */
export function tokenVerifier({
  url,
  audience,
  keysCooldownMs,
}: Issuer): (token: string) => Promise<Principal> {
  const keys = issuerKeys(url, keysCooldownMs ?? KEYS_COOLDOWN_MS, () => {
    verified.forget();
  });
  const verified = new VerifiedTokens(async (token) => {
    if (token.length > TOKEN_MAX_LENGTH) throw new InvalidToken('it is too long');
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: url,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_S,
        requiredClaims: ['exp', 'sub'],
      });
      if (!TYPES.includes(protectedHeader.typ)) throw new InvalidToken('it is no access token');
      return verifiedToken(payload);
    } catch (error) {
      if (error instanceof InvalidToken || error instanceof IdentityProviderUnavailable) throw error;
      throw new InvalidToken(reason(error), { cause: error });
    }
  });
  return (token) => verified.principalOf(token);
}

function verifiedToken(payload: JWTPayload): VerifiedToken {
  const { success, data, error } = claims.safeParse(payload);
  if (!success) throw new InvalidToken(`its claim ${String(error.issues[0]?.path[0])} is not valid`);
  const { sub, scope, exp, customer_id: customerId } = data;
  const named = new Set(scope?.split(' '));
  const scopes = new Set<Scope>(SCOPES.filter((each) => named.has(each)));
  // Neither part has a line feed.
  const id = customerId === undefined ? sub : `${sub}\n${customerId}`;
  return { principal: { id, customerId, scopes }, expiresAtS: exp };
}

/**
 * Reads the provider's metadata for the first token, and again after a failure.
 *
 * @param onKeysRead called before the first key of those that were read is used
 */
function issuerKeys(issuer: string, cooldownDuration: number, onKeysRead: () => void): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined;
  let areNew = false;
  const options = {
    cooldownDuration,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    timeoutDuration: PROVIDER_TIMEOUT_MS,
    [customFetch]: (...request: Parameters<FetchImplementation>) => {
      areNew = true;
      return fetch(...request);
    },
  };
  return async (header, token) => {
    try {
      found ??= keysUrl(issuer).then((url) => createRemoteJWKSet(url, options));
      const keyOf = await found.catch((error: unknown) => {
        found = undefined;
        throw error;
      });
      const key = await keyOf(header, token);
      if (areNew) onKeysRead();
      areNew = false;
      return key;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw error;
      if (error instanceof errors.JOSENotSupported) throw error;
      throw new IdentityProviderUnavailable(`the keys of ${issuer} cannot be read`, { cause: error });
    }
  };
}

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

async function keysUrl(issuer: string): Promise<URL> {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url.href} answered ${String(response.status)}`);
  const found = metadata.parse(await response.json());
  if (found.issuer !== issuer) throw new Error(`${url.href} names the issuer ${found.issuer}`);
  return new URL(found.jwks_uri);
}

function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is not valid`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is none of the issuer';
  return 'it is not a valid signed token';
}
