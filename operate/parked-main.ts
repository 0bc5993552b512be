/** `npm run parked`: exit code 0 when all went well, 1 when a saga refused or is still parked, 2 when it could not look. */
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { GIVE_UP_STEP, ORDER_IDS_ATTRIBUTE, RETRY_STEP } from '../domain/names';
import { readConfig } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { createLogger } from '../platform/logger';
import { connectTemporal, installTemporalRuntime, reasonOf } from '../platform/temporal';
import { type Order, type ParkedSaga, parkedSagas, tell } from './parked';
import { temporalOf } from './temporal';

const USAGE = `npm run parked                                  lists sagas with a step that must succeed and keeps failing
npm run parked -- --retry                       has these steps tried at once
npm run parked -- --give-up --reason "OPS-17"   has them given up: the orders stay as they are, npm run repair goes on

  --order ID     only this order
  --query Q      only sagas that Temporal's list filter finds: "NeedsAttention = 'release credit'", "StartTime < '2026-11-24T12:00:00Z'"
  --by NAME      who says so, kept in the saga's history; your user name
  --json         one object a saga`;

const UNDECIDED = 2;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function main(): Promise<number> {
  const { order, query, json } = readArguments();
  const config = readConfig();
  installTemporalRuntime(createLogger('silent'));
  const target = temporalOf(config);
  const { client, connection } = await connectTemporal(target).catch((error: unknown) => {
    throw new ConfigError(`Temporal at ${target.address} cannot be reached (${reasonOf(error)})`);
  });
  let [found, refused] = [0, 0];
  for await (const saga of parkedSagas(client, query)) {
    found += 1;
    const told = order && (await tell(client, saga.sagaId, order));
    if (told?.refusal !== undefined) refused += 1;
    console.log(json ? JSON.stringify({ ...saga, ...(told && { told }) }) : inWords(saga));
    if (told && !json) console.log(`  → ${told.refusal ?? `${order.update}: ${told.orderIds.join(', ')}`}`);
  }
  await connection.close();
  if (!json)
    console.log(
      `${String(found)} parked${order ? `, ${String(found - refused)} told, ${String(refused)} refused` : ''}`,
    );
  return (order ? refused : found) > 0 ? 1 : 0;
}

function inWords({ sagaId, steps }: ParkedSaga): string {
  return [
    sagaId,
    ...steps.map(
      ({ step, reason, since, orderIds }) =>
        `  ${step}, since ${since}, ${String(orderIds.length)} waiting (${orderIds.slice(0, 3).join(', ')}${orderIds.length > 3 ? ', …' : ''}): ${reason}`,
    ),
  ].join('\n');
}

function readArguments(): { order: Order | undefined; query: string | undefined; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        retry: { type: 'boolean', default: false },
        'give-up': { type: 'boolean', default: false },
        reason: { type: 'string' },
        by: { type: 'string' },
        order: { type: 'string' },
        query: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const { retry, 'give-up': giveUp, reason, order: orderId, json } = values;
    const by = values.by ?? userInfo().username;
    if (retry && giveUp) throw new Error('either --retry or --give-up, not both');
    if (giveUp && (reason ?? '').trim() === '') throw new Error('--give-up needs a --reason');
    if (orderId !== undefined && !UUID.test(orderId))
      throw new Error(`--order ${orderId} is not an order's id`);
    const queries = [
      ...(values.query === undefined ? [] : [`(${values.query})`]),
      ...(orderId === undefined ? [] : [`${ORDER_IDS_ATTRIBUTE} = '${orderId.toLowerCase()}'`]),
    ];
    const who = { by, orderId: orderId?.toLowerCase() };
    return {
      json,
      query: queries.length === 0 ? undefined : queries.join(' AND '),
      order: retry
        ? { update: RETRY_STEP, request: who }
        : giveUp
          ? { update: GIVE_UP_STEP, request: { ...who, reason: reason ?? '' } }
          : undefined,
    };
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`Could not look: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(UNDECIDED);
  },
);
