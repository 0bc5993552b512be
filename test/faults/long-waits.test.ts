/** Sagas that wait long: their histories stay short, and replay quickly. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { NEEDS_ATTENTION_ATTRIBUTE, type Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { eventually } from '../support/http';
import { holdCustomer, type Lock } from '../support/outages';
import { testServers } from '../support/servers';
import { replay } from '../replay/replaying';
import { type OrderSagaHandle, ordersOf, type SagaWorkers, startSagaWorkers } from '../support/saga-workers';

const GROUP = 50;
const MAX_EVENTS_PER_RUN = 500;

/** 10 ms instead of five minutes: thirty minutes, in which the server retries by itself, are 60 ms. */
const MAX_PAUSE_MS = 10;
const WINDOWS_PER_DAY = 48;
const MAX_EVENTS_PER_DAY = 2_000;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const PLACEMENTS = ['colocated', 'distributed'] as const satisfies readonly Placement[];

interface Waited {
  readonly customer: string;
  readonly lock: Lock;
  readonly workflowId: string;
  /** Two days of it. */
  readonly days: HistoryEvent[][];
  /** As Temporal describes it then. */
  readonly described: Awaited<ReturnType<OrderSagaHandle['describe']>>;
}

let sagas: SagaWorkers;
let waited: Readonly<Record<Placement, Waited>>;

beforeAll(async () => {
  sagas = await startSagaWorkers();
  await breakRelease();
  // Side by side: nearly all of the time is pauses.
  const [colocated, distributed] = await Promise.all(PLACEMENTS.map((placement) => waitTwoDays(placement)));
  if (!colocated || !distributed) throw new Error('one for each placement');
  waited = { colocated, distributed };
  // Other workers take them up from their histories.
  await sagas.restart();
  for (const { lock } of [colocated, distributed]) await lock.release();
  await fixRelease();
});
afterAll(() => sagas.stop());

const onCustomers = (statement: string) => rowsOf(sagas.databases.adminCustomerUrl, statement);
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
const fixRelease = () => onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');

/** Histories of runs that have ended, by run id. */
const ended = new Map<string, HistoryEvent[]>();

/** Of each of the saga's runs, the first one first. */
async function runsOf(workflowId: string): Promise<HistoryEvent[][]> {
  const { client } = sagas.link;
  const { runId: last } = await client.workflow.getHandle(workflowId).describe();
  const runs: HistoryEvent[][] = [];
  for (let runId: string | null | undefined = last; runId;) {
    const events: HistoryEvent[] = ended.get(runId) ?? (await historyOf(workflowId, runId));
    if (runId !== last) ended.set(runId, events);
    runs.unshift(events);
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }
  return runs;
}

async function historyOf(workflowId: string, runId: string): Promise<HistoryEvent[]> {
  const { events } = await sagas.link.client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events ?? [];
}

const count = (events: readonly HistoryEvent[], what: keyof HistoryEvent) =>
  events.filter((event) => event[what]).length;

const windowsOf = (runs: readonly HistoryEvent[][]) =>
  count(runs.flat(), 'activityTaskScheduledEventAttributes');

async function waitTwoDays(placement: Placement): Promise<Waited> {
  const customer = await sagas.newCustomer();
  const lock = await holdCustomer(sagas.databases.adminCustomerUrl, customer);
  const saga = await sagas.start(ordersOf(customer, GROUP), {
    placement,
    settings: { creditCheckTimeoutMs: 200 },
    longestPauseMs: MAX_PAUSE_MS,
    parkAfterMs: 300,
  });
  const { workflowId } = saga;
  const days = await eventually(async () => {
    const runs = await runsOf(workflowId);
    return windowsOf(runs) >= 2 * WINDOWS_PER_DAY ? runs : undefined;
  }, 60_000);
  const described = await sagas.link.client.workflow.getHandle(workflowId).describe();
  return { customer, lock, workflowId, days, described };
}

describe.each(PLACEMENTS)('%s', (placement) => {
  test('two days in which a step fails: at most 500 events per run and 2,000 per day; every run replays; the saga ends after the fix', async () => {
    const { customer, workflowId, days, described } = waited[placement];
    expect(Math.max(...days.map((events) => events.length))).toBeLessThanOrEqual(MAX_EVENTS_PER_RUN);
    const eventsOfAWindow = days.flat().length / windowsOf(days);
    expect(eventsOfAWindow * WINDOWS_PER_DAY).toBeLessThan(MAX_EVENTS_PER_DAY);

    expect(described.memo).toMatchObject({ parked: [{ step: 'release credit' }] });
    const attributes = described.typedSearchAttributes.getAll();
    expect(attributes.find(({ key }) => key.name === NEEDS_ATTENTION_ATTRIBUTE)?.value).toEqual([
      'release credit',
    ]);

    const { outcomes } = await sagas.result(workflowId);
    expect(outcomes).toHaveLength(GROUP);
    expect(new Set(outcomes.map((outcome) => Object.values(outcome).slice(1).join(' ')))).toEqual(
      new Set(['CANCELLED CREDIT_CHECK_TIMEOUT']),
    );
    const [reserved] = await onCustomers(
      `SELECT reserved_minor::int AS minor FROM customers WHERE id = '${customer}'`,
    );
    expect(reserved).toEqual({ minor: 0 });

    const runs = await runsOf(workflowId);
    const replayed = await replay(
      testServers().bundlePath,
      runs.map((events) => ({ workflowId, history: { events } })),
    );
    expect(replayed.map(({ error }) => error)).toEqual(runs.map(() => undefined));
  });
});
