/** How the processes authenticate their callers, from the configuration. */
import type { Config } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { isLoopback } from '../platform/http-url';
import type { AuthenticationSettings } from './http/service-tokens';

/** The order service, the customer service and the order history. */
const ALL_SERVICES = 3;

type Variables = Pick<
  Config,
  'AUTH' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'HOST' | 'SERVICES' | 'SERVICE_TOKENS'
>;

/**
 * @throws ConfigError when the variables contradict each other, when the API would serve a network without authentication and
 * AUTH=none does not say so, and when services in several processes have no tokens
 */
export function authenticationOf(variables: Variables): AuthenticationSettings {
  const {
    AUTH_ISSUER: url,
    AUTH_AUDIENCE: audience,
    SERVICE_TOKENS: serviceTokens = [],
    SERVICES,
  } = variables;
  checkHost(variables);
  if (url === undefined || audience === undefined)
    return { issuer: undefined, serviceTokens, localOnly: !servesOthers(variables) };
  if (serviceTokens.length === 0 && new Set(SERVICES).size < ALL_SERVICES)
    throw new ConfigError(
      'SERVICE_TOKENS: with AUTH_ISSUER, services in several processes require it; set it',
    );
  return { issuer: { url, audience }, serviceTokens };
}

/** @throws ConfigError as {@link authenticationOf}, for an address in front of the services */
export function checkHost({
  AUTH,
  AUTH_ISSUER,
  AUTH_AUDIENCE,
  HOST,
}: Pick<Variables, 'AUTH' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'HOST'>): void {
  if ((AUTH_ISSUER === undefined) !== (AUTH_AUDIENCE === undefined))
    throw new ConfigError('AUTH_ISSUER and AUTH_AUDIENCE: set both, or none of them');
  if (AUTH_ISSUER !== undefined && AUTH === 'none')
    throw new ConfigError(
      'AUTH: none and AUTH_ISSUER contradict each other; unset AUTH, or set AUTH=required',
    );
  if (AUTH_ISSUER === undefined && AUTH === 'required')
    throw new ConfigError('AUTH_ISSUER: AUTH=required needs it; set AUTH_ISSUER and AUTH_AUDIENCE');
  if (AUTH_ISSUER === undefined && AUTH === undefined && !isLoopback(HOST))
    throw new ConfigError(
      `HOST: without authentication the API serves loopback only, not ${HOST}; set AUTH_ISSUER and AUTH_AUDIENCE, or AUTH=none`,
    );
}

/** Whether more than this machine's programs call. These have one user, who may use all of it: limits of one client do not apply. */
export function servesOthers({ AUTH, AUTH_ISSUER }: Pick<Config, 'AUTH' | 'AUTH_ISSUER'>): boolean {
  return AUTH_ISSUER !== undefined || AUTH !== undefined;
}
