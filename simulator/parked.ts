/** What an operator does about a step that is parked. */
import { ApplicationFailure } from '@temporalio/common';
import type { GiveUpStepRequest } from '../domain/contracts';
import { GIVE_UP_STEP, RETRY_STEP } from '../domain/names';
import type { Action } from './action';
import type { SagaRun } from './saga-run';
import type { World } from './world';

const BY = 'Grace';

export function operatorOnParked(saga: SagaRun, { scenario }: World): Action[] {
  const { sagaId, execution } = saga;
  if (execution.refusal(RETRY_STEP, { by: BY }) !== undefined) return [];
  const orderIds = new Set(scenario.sagas.flatMap(({ orders }) => orders.map(({ orderId }) => orderId)));
  return [
    {
      words: () => `the parked steps of ${sagaId} are retried`,
      happen: (world) => update(world, saga, RETRY_STEP, { by: BY }),
    },
    ...[...orderIds]
      .map((orderId): GiveUpStepRequest => ({ orderId, by: BY, reason: 'it is not worth it' }))
      .filter((request) => execution.refusal(GIVE_UP_STEP, request) === undefined)
      .map((request) => giveUp(saga, request)),
  ];
}

function giveUp(saga: SagaRun, request: GiveUpStepRequest): Action {
  const { orderId = '' } = request;
  return {
    words: () => `${saga.sagaId} is told to give up the parked step of ${orderId}`,
    happen: (world) => {
      world.witness.givenUp.add(orderId);
      return update(world, saga, GIVE_UP_STEP, request);
    },
  };
}

async function update(world: World, saga: SagaRun, name: string, argument: unknown): Promise<void> {
  world.record(saga);
  await saga.tell({ kind: 'update', name, argument, at: world.nowMs });
  world.afterTurn(saga, saga.execution);
  world.record(saga);
}

/** Whether an operator has wanted the saga to fail. */
export function isGivenUp(failure: unknown): boolean {
  if (!(failure instanceof ApplicationFailure)) return false;
  return failure.type === 'SagaGivenUp' || (failure.type === 'SagaFailed' && isGivenUp(failure.cause));
}
