/** Sagas that other sagas start. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CANCEL_ORDER_SAGA } from '../domain/names';
import type { Action } from './action';
import type { SagaRun } from './saga-run';
import type { World } from './world';

/** Temporal does what a saga has asked it for at any later moment. */
export function startsOfChildren(saga: SagaRun): Action[] {
  return [...saga.execution.children]
    .filter(([seq]) => saga.isScheduled(seq))
    .map(([seq, { workflowId }]) => ({
      words: () => `${saga.sagaId} has ${workflowId} started`,
      happen: (world) => startChild(world, saga, seq),
    }));
}

/** The saga hears that the other one has begun, or why it has not. */
async function startChild(world: World, saga: SagaRun, seq: number): Promise<void> {
  const child = saga.execution.children.get(seq);
  if (!child) return;
  const { workflowId, input } = child;
  const refusal = (await world.startCancelSaga(input))
    ? undefined
    : new WorkflowExecutionAlreadyStartedError('it was started before', workflowId, CANCEL_ORDER_SAGA);
  world.record(saga);
  await saga.tell({ kind: 'child', seq, workflowId, refusal, at: world.nowMs });
  world.afterTurn(saga, saga.execution);
}
