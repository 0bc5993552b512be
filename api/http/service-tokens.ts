/** Tokens by which the services of one installation know each other. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Issuer } from './bearer-tokens';
import type { Principal } from './principal';

export interface AuthenticationSettings {
  /** Undefined: no request needs a token, and anybody may do anything. */
  readonly issuer: Issuer | undefined;
  /** Whether only requests of this machine's programs are served; default: false. */
  readonly localOnly?: boolean;
  /** Tokens of other services: the first is sent, all are accepted. */
  readonly serviceTokens: readonly string[];
}

export const NO_AUTHENTICATION: AuthenticationSettings = { issuer: undefined, serviceTokens: [] };

/** Reads the feed and customers for other services; may request the steps of a service. */
export const SERVICE: Principal = {
  // No subject of a token has a line feed.
  id: '\nservice',
  customerId: undefined,
  scopes: new Set(['events:read', 'customers:read']),
};

/** @returns the headers of a request to another service */
export function serviceHeaders({
  serviceTokens: [first],
}: Pick<AuthenticationSettings, 'serviceTokens'> = NO_AUTHENTICATION): Readonly<Record<string, string>> {
  return first === undefined ? {} : { Authorization: `Bearer ${first}` };
}

/** @returns whether the token is one of those accepted; the time that it takes says nothing of them */
export function isServiceToken(token: string, accepted: readonly string[]): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const given = digest(token);
  return accepted.map((each) => timingSafeEqual(given, digest(each))).includes(true);
}
