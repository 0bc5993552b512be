/** Sagas that wait for long: their histories stay short, and they are replayed in no time. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { NEEDS_ATTENTION_ATTRIBUTE, type Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { eventually } from '../support/http';
import { holdCustomer } from '../support/outages';
import { testServers } from '../support/servers';
import { ordersOf, type SagaWorkers, startSagaWorkers } from '../support/saga-workers';

const GROUP = 50;
const MOST_EVENTS_OF_A_RUN = 500;

/** 10 ms instead of five minutes: thirty minutes, in which the server retries by itself, are 60 ms. */
const LONGEST_PAUSE_MS = 10;
const WINDOWS_OF_A_DAY = 48;
const MOST_EVENTS_OF_A_DAY = 2_000;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

let sagas: SagaWorkers;

beforeAll(async () => {
  sagas = await startSagaWorkers();
});
afterAll(() => sagas.stop());

const onCustomers = (statement: string) => rowsOf(sagas.databases.adminCustomerUrl, statement);
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
const fixRelease = () => onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');

/** Of each of the saga's runs, the first one first. */
async function runsOf(workflowId: string): Promise<HistoryEvent[][]> {
  const { client } = sagas.link;
  const runs: HistoryEvent[][] = [];
  let { runId } = await client.workflow.getHandle(workflowId).describe();
  for (;;) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.unshift(events ?? []);
    const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!before) return runs;
    runId = before;
  }
}

const count = (events: readonly HistoryEvent[], what: keyof HistoryEvent) =>
  events.filter((event) => event[what]).length;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  test('two days in which a step fails: at most 500 events a run and 2,000 a day; every run replays; it ends when that is fixed', async () => {
    const customer = await sagas.newCustomer();
    const lock = await holdCustomer(sagas.databases.adminCustomerUrl, customer);
    await breakRelease();
    const { workflowId } = await sagas.start(ordersOf(customer, GROUP), {
      placement,
      settings: { creditCheckTimeoutMs: 200 },
      longestPauseMs: LONGEST_PAUSE_MS,
      parkAfterMs: 300,
    });
    const windowsOf = (runs: HistoryEvent[][]) => count(runs.flat(), 'activityTaskScheduledEventAttributes');
    const days = await eventually(async () => {
      const runs = await runsOf(workflowId);
      return windowsOf(runs) >= 2 * WINDOWS_OF_A_DAY ? runs : undefined;
    }, 60_000);
    expect(Math.max(...days.map((events) => events.length))).toBeLessThanOrEqual(MOST_EVENTS_OF_A_RUN);
    const eventsOfAWindow = days.flat().length / windowsOf(days);
    expect(eventsOfAWindow * WINDOWS_OF_A_DAY).toBeLessThan(MOST_EVENTS_OF_A_DAY);

    const described = await sagas.link.client.workflow.getHandle(workflowId).describe();
    expect(described.memo).toMatchObject({ parked: [{ step: 'release credit' }] });
    const attributes = described.typedSearchAttributes.getAll();
    expect(attributes.find(({ key }) => key.name === NEEDS_ATTENTION_ATTRIBUTE)?.value).toEqual([
      'release credit',
    ]);

    // Other workers take it up from its history.
    await sagas.restart();
    await lock.release();
    await fixRelease();
    const { outcomes } = await sagas.result(workflowId);
    expect(outcomes).toHaveLength(GROUP);
    expect(new Set(outcomes.map((outcome) => Object.values(outcome).slice(1).join(' ')))).toEqual(
      new Set(['CANCELLED CREDIT_CHECK_TIMEOUT']),
    );
    const [reserved] = await onCustomers(
      `SELECT reserved_minor::int AS minor FROM customers WHERE id = '${customer}'`,
    );
    expect(reserved).toEqual({ minor: 0 });

    const { bundlePath: codePath } = testServers();
    for (const events of await runsOf(workflowId))
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, { events }, workflowId);
  });
});
