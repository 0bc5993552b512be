/** Who makes a request. */
import type { Request, Response } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';

/** What a token may allow. */
export const SCOPES = [
  'orders:read',
  'orders:write',
  'customers:read',
  'customers:write',
  'events:read',
  'operate',
] as const;

export type Scope = (typeof SCOPES)[number];

export interface Principal {
  /** Stable over all tokens of one client; undefined without authentication. */
  readonly id: string | undefined;
  /** The customer to whose orders and account the principal is limited; undefined: those of all customers. */
  readonly customerId: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
}

/** Of every request while authentication is off. */
export const ANYBODY: Principal = { id: undefined, customerId: undefined, scopes: new Set(SCOPES) };

/** Of a request before its authentication. */
export const NOBODY: Principal = { id: undefined, customerId: undefined, scopes: new Set() };

const PRINCIPAL = 'principal';

export function setPrincipal(response: Response, principal: Principal): void {
  (response.locals as Record<string, unknown>)[PRINCIPAL] = principal;
}

/** @throws TypeError when the request was not authenticated: its route was added before the authentication */
export function principalOf(response: Response): Principal {
  const principal = (response.locals as Record<string, Principal | undefined>)[PRINCIPAL];
  if (!principal) throw new TypeError('the request has no principal');
  return principal;
}

/** 64 bits: the network that a provider gives to one customer. */
const IPV6_SUBNET = 64;

/** @returns the address of the client; of IPv6 its network, because a client has all of its addresses */
export function addressOf({ ip }: Request): string | undefined {
  return ip === undefined ? undefined : ipKeyGenerator(ip, IPV6_SUBNET);
}

/** @returns for whom the limits of one client count: the principal, or the address without one */
export function clientOf(request: Request, response: Response): string | undefined {
  return principalOf(response).id ?? addressOf(request);
}
