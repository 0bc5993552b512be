/** An issuer of access tokens for tests and measurements: serves its metadata and keys over HTTP, and signs any token. */
import { KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export const AUDIENCE = 'https://api.store.example';

export interface TestIdentityProvider {
  readonly url: string;
  /** Signs a valid token of the subject `tester` for {@link AUDIENCE}; `claims` and `header` replace what they name. */
  token(claims?: Readonly<Record<string, unknown>>, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Signs this text with the provider's key, whatever header and payload say. */
  signed(header: object, payload: string): string;
  /** Replaces the key: earlier tokens are no longer valid. */
  rotate(): Promise<void>;
  /** The public key as PEM, for attacks. */
  publicKeyPem(): Promise<string>;
  /** Number of times that the keys were read. */
  readonly keysRead: number;
  stop(): Promise<void>;
}

export async function startIdentityProvider(): Promise<TestIdentityProvider> {
  let rotation = 0;
  let pair = await generateKeyPair('RS256', { extractable: true });
  let keysRead = 0;
  const server = createServer((request, response) => {
    const answer = (body: object) =>
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
    if (request.url === '/.well-known/openid-configuration') answer({ issuer: url, jwks_uri: `${url}/keys` });
    else {
      keysRead += 1;
      void exportJWK(pair.publicKey).then((key) =>
        answer({ keys: [{ ...key, kid: `key-${String(rotation)}`, alg: 'RS256', use: 'sig' }] }),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url,
    token: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const all = { iss: url, aud: AUDIENCE, sub: 'tester', iat: now, exp: now + 300, ...claims };
      const payload: JWTPayload = all;
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: `key-${String(rotation)}`, ...header })
        .sign(pair.privateKey);
    },
    signed: (header, payload) => {
      const encode = (text: string) => Buffer.from(text).toString('base64url');
      const signed = `${encode(JSON.stringify(header))}.${encode(payload)}`;
      const key = KeyObject.from(pair.privateKey);
      return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
    },
    rotate: async () => {
      rotation += 1;
      pair = await generateKeyPair('RS256', { extractable: true });
    },
    publicKeyPem: () => exportSPKI(pair.publicKey),
    get keysRead() {
      return keysRead;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
