/** Finds out who makes a request, by its bearer token (RFC 6750). */
import type { Request, RequestHandler } from 'express';
import { IdentityProviderUnavailable, InvalidToken, tokenVerifier } from './bearer-tokens';
import { ANYBODY, type Principal, setPrincipal } from './principal';
import { Problem } from './problems';
import { type AuthenticationSettings, isServiceToken, SERVICE } from './service-tokens';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Sets the principal of the request, or answers 401. */
export function authentication({ issuer, serviceTokens }: AuthenticationSettings): RequestHandler {
  const verify = issuer && tokenVerifier(issuer);
  return async (request, response, next) => {
    setPrincipal(response, await principalOfRequest(request, verify, serviceTokens));
    next();
  };
}

async function principalOfRequest(
  request: Request,
  verify: ((token: string) => Promise<Principal>) | undefined,
  serviceTokens: readonly string[],
): Promise<Principal> {
  const header = request.get('Authorization');
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
  if (token !== undefined && isServiceToken(token, serviceTokens)) return SERVICE;
  if (!verify) return ANYBODY;
  if (header === undefined) throw unauthenticated('Send an access token: `Authorization: Bearer TOKEN`.');
  if (token === undefined) throw unauthenticated('Authorization is not `Bearer TOKEN`.', 'invalid_request');
  try {
    return await verify(token);
  } catch (error) {
    if (error instanceof InvalidToken)
      throw unauthenticated(`The access token is refused: ${error.message}.`, 'invalid_token', error);
    if (error instanceof IdentityProviderUnavailable)
      throw new Problem('identity-provider-unavailable', 'Send the request again later.', { cause: error });
    throw error;
  }
}

function unauthenticated(
  detail: string,
  error?: 'invalid_request' | 'invalid_token',
  cause?: Error,
): Problem {
  const challenge = `Bearer realm="order-saga"${error === undefined ? '' : `, error="${error}"`}`;
  return new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': challenge }, cause });
}
