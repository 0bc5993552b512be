/** A compensation that fails by a bug of its saga is parked: never lost, and its neighbours end. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { GIVE_UP_STEP, PARKED_MEMO, RETRY_STEP } from '../../saga/contract';
import type { Loan, LoanSteps } from '../support/failing-undo';
import { eventually } from '../support/http';
import { type SagaWorker, startSagaWorker } from '../support/saga-worker';

let worker: SagaWorker;

/** Loans whose taking back answers what the saga has not thought of. */
const unexpected = new Set<string>();

const steps: LoanSteps = {
  lend: ({ items }) => Promise.resolve(items.map(({ loanId }) => ({ loanId, outcome: 'lent' }))),
  takeBack: ({ items }) =>
    Promise.resolve(
      items.map(({ loanId }) => ({ loanId, outcome: unexpected.has(loanId) ? 'lost' : 'back' })),
    ),
};

beforeAll(async () => {
  worker = await startSagaWorker(require.resolve('../support/failing-undo'), 'loans', steps);
});
afterAll(() => worker.stop());

async function parkedLoan() {
  const surprise: Loan = { loanId: randomUUID() };
  const neighbour: Loan = { loanId: randomUUID() };
  unexpected.add(surprise.loanId);
  const handle = await worker.client.workflow.start('lendBook', {
    workflowId: `loan-${surprise.loanId}`,
    taskQueue: 'loans',
    args: [{ placement: 'colocated', settings: {}, subjects: [surprise, neighbour] }],
  });
  await eventually(async () => {
    const { memo } = await handle.describe();
    return JSON.stringify(memo?.[PARKED_MEMO] ?? []).includes('nobody has thought of lost')
      ? true
      : undefined;
  });
  const { memo } = await handle.describe();
  expect(memo?.[PARKED_MEMO]).toMatchObject([{ step: 'compensate', subjects: [surprise.loanId] }]);
  return { handle, surprise };
}

test('fixed and retried by an operator: it is compensated, and the saga ends', async () => {
  const { handle, surprise } = await parkedLoan();
  unexpected.delete(surprise.loanId);
  await handle.signal(RETRY_STEP, { by: 'grace' });
  expect(await handle.result()).toEqual({ outcomes: [{ state: 'BACK' }, { state: 'BACK' }] });
  await Worker.runReplayHistory(
    { workflowBundle: worker.workflowBundle },
    await handle.fetchHistory(),
    handle.workflowId,
  );
});

test('given up by an operator: the saga fails and names the subject; the other subject has ended', async () => {
  const { handle, surprise } = await parkedLoan();
  await handle.signal(GIVE_UP_STEP, { by: 'grace', reason: 'OPS-23' });
  await expect(handle.result()).rejects.toMatchObject({
    cause: {
      type: 'SagaFailed',
      message: `1 of 2 failed: ${surprise.loanId}: compensate was given up by grace: OPS-23`,
    },
  });
  await Worker.runReplayHistory(
    { workflowBundle: worker.workflowBundle },
    await handle.fetchHistory(),
    handle.workflowId,
  );
});
