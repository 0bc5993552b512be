/** `npm run bench -- auth`: what access tokens cost: the same load with and without them. */
import { SCOPES } from '../../api/http/principal';
import { AUDIENCE, startIdentityProvider } from '../local/token-issuer';
import { inTurn, warmRate } from './in-turn';
import { type Measured, median, shareOf } from './measure';
import { type Product, startShipped } from './product';
import { type Ratio, ratioOf } from './report';
import { startBenchServers } from './servers';

/** A tenth, of the rate and of the time of an order alone. */
const RATIO = { least: 0.9, most: 1.1 };

const NAMESPACE = 'auth';

/** One at a time takes about ten times as long for an order. */
const ALONE_SHARE = 1 / 10;

const HOUR_S = 3_600;

/** More than the load sends: the limit of a client counts, but does not apply. */
const NO_LIMIT = '10000000';

interface AuthCost {
  /** By name: forty in flight, and one at a time. */
  readonly measures: Readonly<Record<string, { readonly crowd: Measured; readonly alone: Measured }>>;
  readonly ratios: readonly Ratio[];
}

export async function measureAuthCost(orders: number, rounds: number): Promise<AuthCost> {
  const servers = await startBenchServers([NAMESPACE]);
  const issuer = await startIdentityProvider();
  try {
    const exp = Math.floor(Date.now() / 1_000) + HOUR_S;
    const token = await issuer.token({ scope: SCOPES.join(' '), exp });
    const taken = await inTurn(
      [
        { name: 'without tokens', start: () => startShipped(servers, NAMESPACE) },
        {
          name: 'with tokens',
          start: async () =>
            withToken(
              await startShipped(servers, NAMESPACE, {
                AUTH_ISSUER: issuer.url,
                AUTH_AUDIENCE: AUDIENCE,
                REQUESTS_PER_MINUTE_PER_CLIENT: NO_LIMIT,
              }),
              token,
            ),
        },
      ],
      rounds,
      async (product) => ({
        crowd: await warmRate(product, orders),
        alone: await product.load({ inFlight: 1, orders: shareOf(orders, ALONE_SHARE), customers: 1 }),
      }),
    );
    const measures = Object.fromEntries(
      [...taken].map(([name, results]) => [
        name,
        {
          crowd: median(results.map(({ crowd }) => crowd)),
          alone: median(results.map(({ alone }) => alone)),
        },
      ]),
    );
    return { measures, ratios: ratiosOf(measures) };
  } finally {
    await issuer.stop();
    await servers.stop();
  }
}

const withToken = (product: Product, token: string): Product => ({
  ...product,
  load: (task) => product.load({ ...task, token }),
});

function ratiosOf(measures: AuthCost['measures']): Ratio[] {
  const [without, having] = Object.values(measures);
  if (!without || !having) return [];
  return [
    ratioOf('40 in flight, rate with tokens to that without', having.crowd.rate / without.crowd.rate, {
      least: RATIO.least,
    }),
    ratioOf('one at a time, p50 with tokens to that without', having.alone.p50 / without.alone.p50, {
      most: RATIO.most,
    }),
  ];
}

export function printAuthCost({ measures }: AuthCost): void {
  for (const [name, { crowd, alone }] of Object.entries(measures))
    console.log(
      `${name.padEnd(16)} ${crowd.rate.toFixed(0)} orders/s at 40 in flight, p50 ${alone.p50.toFixed(1)} ms one at a time`,
    );
}
