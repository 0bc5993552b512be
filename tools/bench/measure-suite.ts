/** All measures, the processes they run on, and their share of the orders. */
import { backlogsOf } from './backlog';
import { type Baseline, engineBaselines, statementsAlone } from './baselines';
import { commitToConsumer, relayAlone } from './events';
import { lockIsolationOf } from './lock-isolation';
import { type Measure, shareOf } from './measure';
import { type Product, startColocated, startDistributed } from './product';
import { replays } from './replay';
import { type BenchServers, MANY_CUSTOMERS } from './servers';

/** One namespace per measured product, because all use the same task queues. */
export const NAMESPACES = ['empty', 'colocated', 'groups-off', 'distributed'];

/** One at a time, a twentieth of the orders takes about as long as all of them with forty in flight. */
const ALONE_SHARE = 1 / 20;

/** The engine's own rate is several times lower than the product's. */
const EMPTY_SHARE = 1 / 4;

/** Enough for many batches. */
const EVENTS_SHARE = 10;

/** About ten seconds at twenty per second. */
const FEED_SHARE = 1 / 10;

/** 1,000 histories with the usual 2,000 orders. */
const REPLAY_SHARE = 1 / 2;

/** Longer than an outage and its backlog, so that every order of the backlog is approved. */
const CREDIT_CHECK_TIMEOUT_MS = 60_000;

/** Orders in flight that one process admits: four full groups. Overload uses twice as many callers. */
const ADMITTED = 200;

/** The products share databases, and the first one relays, so each database has one relay. */
const RELAY_ELSEWHERE = { OUTBOX_RELAY: 'elsewhere' };

export interface Measures {
  readonly all: readonly Measure[];
  close(): Promise<void>;
}

export async function startMeasures(servers: BenchServers): Promise<Measures> {
  const target = { address: servers.temporalAddress, namespace: 'empty' };
  const statements = await statementsAlone(servers.databases);
  const engine = await engineBaselines(target);
  const products = [
    await startColocated(servers, 'colocated', {
      ORDERS_IN_FLIGHT_MAX: String(ADMITTED),
      CREDIT_CHECK_TIMEOUT_MS: String(CREDIT_CHECK_TIMEOUT_MS),
    }),
    await startColocated(servers, 'groups-off', {
      SAGA_GROUP_MAX: '1',
      SAGA_GROUPS_IN_FLIGHT: '40',
      ...RELAY_ELSEWHERE,
    }),
    await startDistributed(servers, 'distributed'),
  ] as const;
  const [colocated, groupsOff, distributed] = products;
  const loaded = (
    name: string,
    product: Product,
    inFlight: number,
    share = 1,
    customers = MANY_CUSTOMERS,
  ) => ({
    name,
    run: (orders: number) => product.load({ inFlight, orders: shareOf(orders, share), customers }),
  });
  const baseline = (name: string, measured: Baseline, inFlight: number, share: number) => ({
    name,
    run: (orders: number) => measured.measure(shareOf(orders, share), inFlight),
  });
  return {
    all: [
      baseline('three statements, 1', statements, 1, 4 * ALONE_SHARE),
      baseline('three statements, 40', statements, 40, 1),
      baseline('empty workflow, 1', engine.empty, 1, ALONE_SHARE),
      baseline('empty workflow, 40', engine.empty, 40, EMPTY_SHARE),
      baseline('one remote step, 1', engine.remoteStep, 1, ALONE_SHARE),
      loaded('colocated, 1', colocated, 1, ALONE_SHARE),
      loaded('colocated, 40', colocated, 40),
      loaded('colocated, 200', colocated, ADMITTED, 2),
      {
        name: 'colocated, 400 where 200 are taken',
        run: (orders: number) =>
          colocated.load({
            inFlight: 2 * ADMITTED,
            orders: 2 * orders,
            customers: MANY_CUSTOMERS,
            overload: true,
          }),
      },
      loaded('hot customer, 40', colocated, 40, 1, 1),
      loaded('groups off, 40', groupsOff, 40, EMPTY_SHARE),
      loaded('distributed, 1', distributed, 1, ALONE_SHARE),
      loaded('distributed, 40', distributed, 40),
      loaded('distributed, 200', distributed, 200, 2),
      { name: 'replay', run: (orders) => replays(shareOf(orders, REPLAY_SHARE)) },
      { name: 'relay alone', run: (orders) => relayAlone(servers.databases, EVENTS_SHARE * orders) },
      {
        name: 'commit to consumer',
        run: (orders) => commitToConsumer(servers.databases, colocated.url, shareOf(orders, FEED_SHARE)),
      },
      ...lockIsolationOf(servers, colocated),
      ...backlogsOf(servers, colocated),
    ],
    close: async () => {
      for (const product of products) await product.stop();
      await engine.close();
      await statements.close();
    },
  };
}
