/**
 * A pause ends, another step's result follows, and to a worker that replays the saga both come at once, with the later
 * one's time: by then a limit may have passed that had not when the saga went on.
 */
import { expect, test } from '@jest/globals';
import type { CreateOrderSagaInput } from '../../domain/contracts';
import { SAGA_FLAGS } from '../../domain/saga-start';
import { Execution } from '../../simulator/execution';
import type { StepName } from '../../simulator/model-steps';
import { productProtocol } from '../../simulator/protocols';
import { SagaRun } from '../../simulator/saga-run';
import { simulatedOrder, simulatedSaga } from '../../simulator/scenario';
import type { StepResults } from '../../simulator/workflow-host';

const [A, B] = [simulatedOrder(1), simulatedOrder(2)];
const { orderId: a } = A;
const { orderId: b } = B;

function sagaOf(input: CreateOrderSagaInput): SagaRun {
  const { runtime, workflows } = productProtocol();
  return new SagaRun(
    'a-saga',
    () => new Execution(runtime, 'a-saga', () => workflows.createOrderSaga(input)),
  );
}

async function answer(saga: SagaRun, name: StepName, at: number, results: StepResults): Promise<void> {
  const [seq = 0] = [...saga.execution.steps].find(([, step]) => step.name === name) ?? [];
  await saga.hear(saga.execution, { kind: 'step', seq, name, answer: { results }, at });
}

async function firstTimer(saga: SagaRun, at: number): Promise<void> {
  const [seq = 0] = [...saga.execution.timers].find(([, { due }]) => due <= at) ?? [];
  await saga.tell({ kind: 'timer', seq, at });
}

const asksFor = ({ execution }: SagaRun) => [...execution.steps.values()].map(({ name }) => name);

/** The credit of A is asked for again before the limit, while B is being approved until after it. */
async function aPauseAndAResult(input: CreateOrderSagaInput): Promise<SagaRun> {
  const saga = sagaOf(input);
  await saga.tell({ kind: 'start', at: 0 });
  await answer(saga, 'createPendingOrders', 0, [
    { orderId: a, outcome: 'created' },
    { orderId: b, outcome: 'created' },
  ]);
  await answer(saga, 'reserveCredit', 10, [
    { orderId: a, outcome: 'busy' },
    { orderId: b, outcome: 'reserved' },
  ]);
  await firstTimer(saga, 60);
  await answer(saga, 'approveOrders', 500, [{ orderId: b, outcome: 'approved' }]);
  saga.record();
  return saga;
}

test('a saga goes on in the same way when a limit lies between what comes at once', async () => {
  const saga = await aPauseAndAResult(simulatedSaga([A, B]));
  expect(asksFor(saga)).toEqual(['reserveCredit']);
  await saga.replay();
  expect(asksFor(saga)).toEqual(['reserveCredit']);
});

test('one from before that asks its clock, and would go another way', async () => {
  const saga = await aPauseAndAResult({ ...simulatedSaga([A, B]), ...SAGA_FLAGS, limitsByTimer: undefined });
  expect(asksFor(saga)).toEqual(['reserveCredit']);
  await saga.replay();
  expect(asksFor(saga)).toEqual(['cancelOrders']);
});
