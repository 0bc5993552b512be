/** Who decides: named by an access token where the API requires them, and never by the operating system. */
import { IdentityProviderUnavailable, InvalidToken, tokenVerifier } from '../../api/http/bearer-tokens';
import type { Config } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';

const UNNAMED = 'anonymous';

type Variables = Pick<Config, 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'ACCESS_TOKEN'>;

/**
 * @param named the name that the operator gives, where no tokens are required
 * @returns the subject of ACCESS_TOKEN with AUTH_ISSUER; otherwise the given name, or `anonymous`
 * @throws ConfigError when the token is missing, is not valid, or does not allow to operate
 */
export async function operatorOf(
  { AUTH_ISSUER: url, AUTH_AUDIENCE: audience, ACCESS_TOKEN: token }: Variables,
  named: string | undefined,
): Promise<string> {
  if (url === undefined || audience === undefined) return named ?? UNNAMED;
  if (named !== undefined)
    throw new ConfigError('--by: with AUTH_ISSUER the name comes from ACCESS_TOKEN; omit it');
  if (token === undefined)
    throw new ConfigError(
      'ACCESS_TOKEN: with AUTH_ISSUER a decision needs a token with the scope operate; set it, or ACCESS_TOKEN_FILE',
    );
  try {
    const { id, customerId, scopes } = await tokenVerifier({ url, audience })(token);
    if (id !== undefined && customerId === undefined && scopes.has('operate')) return id;
  } catch (error) {
    if (error instanceof InvalidToken) throw new ConfigError(`ACCESS_TOKEN is refused: ${error.message}`);
    if (error instanceof IdentityProviderUnavailable)
      throw new ConfigError(`AUTH_ISSUER: ${error.message}; decide again later`);
    throw error;
  }
  throw new ConfigError('ACCESS_TOKEN does not allow to operate; it needs the scope operate');
}
