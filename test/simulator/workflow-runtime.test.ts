import { expect, test } from '@jest/globals';
import { Execution } from '../../tools/simulator/execution';
import { WorkflowRuntime } from '../../tools/simulator/workflow-runtime';

const AT = 1_000;

/** An execution of this code, begun. */
async function begun(code: (runtime: WorkflowRuntime) => Promise<unknown>, run = 1): Promise<Execution> {
  const runtime = new WorkflowRuntime();
  const execution = new Execution(runtime, {
    workflowId: 'a-saga',
    code: () => code(runtime),
    run,
    memo: {},
  });
  await execution.give({ at: AT, historyLength: 3, jobs: [{ kind: 'start' }] });
  return execution;
}

test('a condition holds when a signal has made it true', async () => {
  const execution = await begun(async ({ exports: { condition, defineSignal, setHandler } }) => {
    let wanted = false;
    setHandler(defineSignal('want'), () => {
      wanted = true;
    });
    await condition(() => wanted);
  });
  expect(execution.outcome).toBeUndefined();
  await execution.give({
    at: AT + 1,
    historyLength: 5,
    jobs: [{ kind: 'signal', name: 'want', argument: undefined }],
  });
  expect(execution.outcome).toEqual({ result: undefined });
});

test('a signal that arrives before its handler is kept for it', async () => {
  const execution = await begun(async ({ exports: { defineSignal, setHandler, sleep } }) => {
    await sleep(10);
    return new Promise((resolve) => {
      setHandler(defineSignal('want'), resolve);
    });
  });
  const signal = { kind: 'signal', name: 'want', argument: 'this' } as const;
  await execution.give({ at: AT + 1, historyLength: 5, jobs: [signal] });
  await execution.give({ at: AT + 10, historyLength: 8, jobs: [{ kind: 'timer', seq: 1 }] });
  expect(execution.outcome).toEqual({ result: 'this' });
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
  expect(() => Reflect.get(exports, 'startChild') as unknown).toThrow(
    'has no startChild of @temporalio/workflow',
  );
});

test('a history that the code does not follow is refused', async () => {
  const execution = await begun(({ exports: { sleep } }) => sleep(100));
  const job = { kind: 'step', seq: 1, name: 'approveOrders', orderIds: [], remote: false } as const;
  await expect(
    execution.give({ at: AT, historyLength: 5, jobs: [{ ...job, answer: { results: [] } }] }),
  ).rejects.toThrow('recorded: approveOrders; now: something else');
});
