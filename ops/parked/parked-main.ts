/** `npm run parked`. Exit code 0: success; 1: a decision was refused, or sagas are parked; 2: the command failed to run. */
import { z } from 'zod';
import { ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import { flag, options, runCommand } from '../../platform/command';
import { readConfig } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { GIVE_UP_STEP, RETRY_STEP } from '../../saga/contract';
import { type Decision, type ParkedSaga, parkedSagas, wrongDecision } from '../../saga/host/parked';
import { ordersReadOnly } from '../databases';
import { decide, type Decided, type Outcome } from './decide';
import { operatorOf } from './operator';
import { connectTo, temporalOf } from '../temporal';

const USAGE = `npm run parked                                  lists sagas with a step that must succeed and keeps failing
npm run parked -- --retry                       retries these steps at once
npm run parked -- --give-up --reason "OPS-17"   gives them up: the orders stay as they are until npm run repair

  --order ID     only this order
  --query Q      only sagas that match Temporal's list filter: "NeedsAttention = 'release credit'", "StartTime < '2026-11-24T12:00:00Z'"
  --by NAME      operator, recorded in the saga's history; with AUTH_ISSUER the subject of ACCESS_TOKEN, else by default: anonymous
  --json         one JSON object per saga
  --help         shows this text`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** How many orders of a step are listed. */
const LISTED = 3;

const readOptions = options({
  retry: flag,
  'give-up': flag,
  reason: z.string().optional(),
  by: z.string().optional(),
  order: z.string().regex(UUID, "is not an order's id").optional(),
  query: z.string().optional(),
  json: flag,
});

const NOT_DONE: readonly Outcome[] = ['refused', 'sent'];

runCommand({
  usage: USAGE,
  read: (args) => wishOf(readOptions(args)),
  failure: { code: 2, words: 'The command failed to run' },
  run: async ({ decide: decisionOf, by, query, json }) => {
    const config = readConfig();
    const decision = decisionOf?.(await operatorOf(config, by));
    installTemporalRuntime(createLogger('silent'));
    const { client, connection } = await connectTo(temporalOf(config));
    const orders = decision && ordersReadOnly(config);
    let found = 0;
    const outcomes: Outcome[] = [];
    for await (const saga of parkedSagas(client, query)) {
      found += 1;
      const decided = decision && (await decide(client, saga.sagaId, decision, orders));
      if (decided) outcomes.push(decided.outcome);
      if (json) console.log(JSON.stringify({ ...saga, ...(decided && { decided }) }));
      else console.log([describeSaga(saga), ...(decided ? [describeDecision(decided)] : [])].join('\n'));
    }
    await Promise.all([connection.close(), orders?.$disconnect()]);
    if (!json) console.log([`${String(found)} parked`, ...counts(outcomes)].join(', '));
    const open = decision ? outcomes.some((outcome) => NOT_DONE.includes(outcome)) : found > 0;
    return open ? 1 : 0;
  },
});

function describeSaga({ sagaId, steps }: ParkedSaga): string {
  return [
    sagaId,
    ...steps.map(
      ({ step, reason, since, subjects }) =>
        `  ${step}, since ${since}, ${String(subjects.length)} waiting (${subjects.slice(0, LISTED).join(', ')}${subjects.length > LISTED ? ', …' : ''}): ${reason}`,
    ),
  ].join('\n');
}

function describeDecision({ outcome, orderIds, reason }: Decided): string {
  return `  → ${outcome}: ${[...orderIds, ...(reason === undefined ? [] : [reason])].join(', ')}`;
}

function counts(outcomes: readonly Outcome[]): string[] {
  return [...new Set(outcomes)].map(
    (outcome) => `${String(outcomes.filter((each) => each === outcome).length)} ${outcome}`,
  );
}

/** @returns what is to be listed, and what is to be decided about it */
function wishOf({
  retry,
  'give-up': giveUp,
  reason,
  order,
  json,
  ...values
}: ReturnType<typeof readOptions>) {
  if (retry && giveUp) throw new Error('--retry and --give-up exclude each other: use one');
  if (giveUp && reason === undefined) throw new Error('--give-up needs a --reason');
  const orderId = order?.toLowerCase();
  const queries = [
    ...(values.query === undefined ? [] : [`(${values.query})`]),
    ...(orderId === undefined ? [] : [`${ORDER_IDS_ATTRIBUTE} = '${orderId}'`]),
  ];
  const query = queries.length === 0 ? undefined : queries.join(' AND ');
  if (!retry && !giveUp) return { json, query, by: undefined, decide: undefined };
  const decide = (by: string): Decision => {
    const request = { by, subject: orderId };
    const decision: Decision = retry
      ? { signal: RETRY_STEP, request }
      : { signal: GIVE_UP_STEP, request: { ...request, reason: reason ?? '' } };
    const wrong = wrongDecision(decision);
    if (wrong !== undefined) throw new Error(wrong);
    return decision;
  };
  // The name is not known yet; the rest is refused before anything is asked.
  decide(values.by ?? 'x');
  return { json, query, by: values.by, decide };
}
