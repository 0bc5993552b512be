/** The text that a start prints when it is ready: the addresses, and commands for a first order. */
import path from 'node:path';
import type { Config } from '../../platform/config';
import type { IdentityProvider } from './identity-provider';
import type { Servers } from './servers';

interface ReadyOptions {
  readonly provider?: IdentityProvider | undefined;
  /** What an operator must do before it can serve. */
  readonly warnings?: readonly string[];
}

/** How to get a token of each client. */
function tokenLines({ issuer, clients }: IdentityProvider): string {
  const lines = clients.map(
    ({ id, secret, scope }) =>
      `    curl -s ${issuer}/token -u ${id}:${secret} -d grant_type=client_credentials -d scope='${scope}'${id === 'shopper' ? ' -d customer_id=$CUSTOMER' : ''}`,
  );
  return `  Access tokens, for an hour; a shopper's token reaches the customer that it names:

${lines.join('\n')}

    TOKEN=$(${String(lines[0]).trim()} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

`;
}

function accessLine({ AUTH_ISSUER, AUTH, HOST }: Config): string {
  if (AUTH_ISSUER !== undefined) return `Requests need an access token of ${AUTH_ISSUER}.`;
  return AUTH === undefined
    ? `No request needs a token: the API serves this machine only (${HOST}).`
    : 'AUTH=none: no request needs a token, also from the network.';
}

/**
 * @param url of the API
 */
export function readyBlock(
  config: Config,
  servers: Servers,
  url: string,
  { provider, warnings = [] }: ReadyOptions = {},
): string {
  const authorization = provider ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return `${warnings.map((warning) => `\n  Not ready: ${warning}\n`).join('')}
  Ready in ${process.uptime().toFixed(1)} s

  Orders API    ${url}
  Temporal UI   ${servers.temporalUiUrl}/namespaces/${servers.temporal.namespace}/workflows
  Logs          ${path.join(config.DATA_DIR, 'logs')}

${provider ? tokenLines(provider) : ''}  A first order (a customer with a credit of 100 USD, then an order of 42.50):

    CUSTOMER=$(curl -s ${url}/customers${authorization} -H 'Content-Type: application/json' \\
      -d '{"name":"Ada","creditLimit":{"amount":"100.00","currency":"USD"}}' | sed 's/.*"customerId":"\\([^"]*\\)".*/\\1/')
    curl -s ${url}/orders${authorization} -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\
      -d '{"customerId":"'$CUSTOMER'","orderTotal":{"amount":"42.50","currency":"USD"}}'

  ${accessLine(config)}
  Ctrl-C stops everything; the data stays in ${config.DATA_DIR}.
`;
}
