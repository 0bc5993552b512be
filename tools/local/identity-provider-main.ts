/**
 * The process of the identity provider that `npm start -- --with-auth` starts: OpenID Connect on the loopback interface, with
 * clients that get their tokens by their secrets. For development: a token of `shopper` has the customer that its client names.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { exitWithError } from '../../platform/shutdown';
import { SCOPES } from '../../api/http/principal';

/** An hour. */
const TOKEN_S = 3_600;

const settingsSchema = z.object({
  issuer: z.url(),
  audience: z.string(),
  port: z.int(),
  clients: z.array(z.object({ id: z.string(), secret: z.string(), scope: z.string() })),
  /** The private key, with which it signs. */
  key: z.record(z.string(), z.unknown()),
});

export type IdentityProviderSettings = z.infer<typeof settingsSchema>;

const customerParameter = z.object({ customer_id: z.guid() });

async function main(): Promise<void> {
  const { issuer, audience, port, clients, key } = settingsSchema.parse(
    JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')),
  );
  // Published only as ES modules.
  const { default: Provider, errors } = await import('oidc-provider');
  const provider = new Provider(issuer, {
    clients: clients.map(({ id, secret, scope }) => ({
      client_id: id,
      client_secret: secret,
      scope,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    scopes: [...SCOPES],
    jwks: { keys: [key] },
    extraTokenClaims: ({ oidc }, token) => {
      if (!('clientId' in token) || token.clientId !== 'shopper') return undefined;
      const named = customerParameter.safeParse(oidc.body);
      // Without the claim, a token reaches all customers.
      if (!named.success) throw new errors.InvalidRequest('customer_id must be a UUID');
      return named.data;
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({
          scope: SCOPES.join(' '),
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TOKEN_S,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const server = provider.listen(port, '127.0.0.1');
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
}

main().catch(exitWithError);
