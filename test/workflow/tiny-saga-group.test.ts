/** Ten bookings in one workflow, of which one has its row locked by a transaction that is none of the saga's. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { connectTemporal, type TemporalLink } from '../../platform/temporal';
import type { SagaInput } from '../../saga/contract';
import { retriedByServer, stepHeartbeat } from '../../saga/host/step-interceptors';
import { answeredSteps } from '../../saga/testing/histories';
import { eventually } from '../support/http';
import { hold } from '../support/outages';
import { testServers } from '../support/servers';
import type { Settings } from '../support/tiny-saga/saga';
import type { Booking } from '../support/tiny-saga/steps';
import { TinyStores } from '../support/tiny-saga/stores';

const stores = new TinyStores();
let link: TemporalLink;
let worker: Worker;
let running: Promise<void>;
let workflowBundle: { readonly code: string };

beforeAll(async () => {
  const { temporal } = testServers();
  link = await connectTemporal(temporal);
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../support/tiny-saga/saga'),
    logger: new DefaultLogger('WARN'),
  });
  worker = await Worker.create({
    connection: link.connection,
    namespace: temporal.namespace,
    taskQueue: 'seats',
    workflowBundle,
    activities: stores.steps,
    interceptors: { activity: [stepHeartbeat, retriedByServer] },
    sinks: { saga: { ended: { fn: () => undefined } } },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await link.connection.close();
});

const stateOf = async (booking: Booking) => (await stores.traces(booking)).rows['seat'];

test('the nine others are booked, by one activity a step, while the row is locked; then it is booked too', async () => {
  const booking = (): Booking => ({ bookingId: randomUUID(), price: 50 });
  const first = booking();
  const others = Array.from({ length: 9 }, booking);
  await stores.steps.holdSeats({ sagaId: 'an earlier run', items: [first] });
  const lock = await hold(stores.seatsUrl, 'SELECT FROM seats WHERE id = $1 FOR UPDATE', [first.bookingId]);

  const input: SagaInput<Booking, Settings> = {
    placement: 'colocated',
    subjects: [first, ...others],
    settings: { paymentTimeoutMs: 20_000 },
  };
  const handle = await link.client.workflow.start('bookSeat', {
    workflowId: `bookings-${first.bookingId}`,
    taskQueue: 'seats',
    args: [input],
  });
  await eventually(async () => {
    const states = new Set(await Promise.all(others.map(stateOf)));
    return states.size === 1 && states.has('CONFIRMED') ? true : undefined;
  });
  expect(await stateOf(first)).toBe('HELD');
  const soFar = answeredSteps([await handle.fetchHistory()]);
  expect(soFar.filter((step) => step !== 'holdSeats')).toEqual(['takePayments', 'confirmSeats']);

  await lock.release();
  expect(await handle.result()).toEqual({ outcomes: [first, ...others].map(() => ({ state: 'BOOKED' })) });
  await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
});
