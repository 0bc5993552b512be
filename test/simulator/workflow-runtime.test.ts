import { expect, test } from '@jest/globals';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CANCEL_ORDER_SAGA } from '../../domain/names';
import { SAGA_FLAGS } from '../../domain/saga-start';
import { Execution } from '../../simulator/execution';
import { simulatedOrder } from '../../simulator/scenario';
import { WorkflowRuntime } from '../../simulator/workflow-runtime';

const AT = 1_000;

/** An execution of this code, begun. */
async function begun(code: (runtime: WorkflowRuntime) => Promise<unknown>, run = 1): Promise<Execution> {
  const runtime = new WorkflowRuntime();
  const execution = new Execution(runtime, 'a-saga', () => code(runtime), run);
  await execution.give({ kind: 'start', at: AT });
  return execution;
}

test('a condition holds when an update has made it true, and its timer is gone', async () => {
  const execution = await begun(async ({ exports: { condition, defineUpdate, setHandler } }) => {
    let wanted = false;
    setHandler(defineUpdate('want'), () => {
      wanted = true;
    });
    return condition(() => wanted, 500);
  });
  expect([...execution.timers.values()].map(({ due }) => due)).toEqual([AT + 500]);
  await execution.give({ kind: 'update', name: 'want', argument: undefined, at: AT + 1 });
  expect(execution.outcome).toEqual({ result: true });
  expect(execution.timers.size).toBe(0);
});

test('a condition that never holds ends with its timer', async () => {
  const execution = await begun(({ exports: { condition } }) => condition(() => false, 500));
  await execution.give({ kind: 'timer', seq: 1, at: AT + 500 });
  expect(execution.outcome).toEqual({ result: false });
});

test('an update is refused by its validator', async () => {
  const execution = await begun(({ exports: { condition, defineUpdate, setHandler } }) => {
    const validator = () => {
      throw new TypeError('not now');
    };
    setHandler(defineUpdate('want'), () => undefined, { validator });
    return condition(() => false);
  });
  expect(execution.refusal('want', undefined)).toEqual(new TypeError('not now'));
});

const CHILD = {
  workflowId: 'a-child',
  workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  parentClosePolicy: 'ABANDON',
  args: [{ placement: 'colocated', order: simulatedOrder(1), ...SAGA_FLAGS }],
} as const;

test('a child is waited for until it is started, or refused', async () => {
  const starts = () =>
    begun(async ({ exports: { startChild } }) => {
      await startChild(CANCEL_ORDER_SAGA, CHILD);
    });
  const refusal = new WorkflowExecutionAlreadyStartedError('taken', 'a-child', CANCEL_ORDER_SAGA);
  for (const [answer, outcome] of [
    [undefined, { result: undefined }],
    [refusal, { failure: refusal }],
  ] as const) {
    const execution = await starts();
    expect([...execution.children.values()].map(({ workflowId }) => workflowId)).toEqual(['a-child']);
    expect(execution.outcome).toBeUndefined();
    await execution.give({ kind: 'child', seq: 1, workflowId: 'a-child', refusal: answer, at: AT + 1 });
    expect(execution.outcome).toEqual(outcome);
  }
});

test('a child that is to be started any other way is refused', async () => {
  const execution = await begun(({ exports: { startChild } }) =>
    startChild(CANCEL_ORDER_SAGA, { ...CHILD, parentClosePolicy: 'TERMINATE' }),
  );
  expect(execution.outcome).toEqual({ failure: expect.any(TypeError) });
});

test('UUIDs are the same for every worker, and others in another run', async () => {
  const drawn = async (run: number) => {
    const { outcome } = await begun(
      ({ exports: { uuid4 } }) => Promise.resolve([uuid4(), uuid4()].join(' ')),
      run,
    );
    return outcome;
  };
  const [first, again, other] = [await drawn(1), await drawn(1), await drawn(2)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test('what the runtime does not know is refused by name', () => {
  const { exports } = new WorkflowRuntime();
  expect(() => Reflect.get(exports, 'continueAsNew') as unknown).toThrow(
    'has no continueAsNew of @temporalio/workflow',
  );
});

test('a history that the code does not follow is told', async () => {
  const execution = await begun(({ exports: { sleep } }) => sleep(100));
  const answer = { results: [] };
  await expect(
    execution.give({ kind: 'step', seq: 1, name: 'approveOrders', answer, at: AT }),
  ).rejects.toThrow('recorded: approveOrders; now: something else');
});
