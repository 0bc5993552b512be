/** What an operator does: about parked steps by signals, and with Temporal's own Cancel and Terminate. */
import { ApplicationFailure } from '@temporalio/common';
import { GIVE_UP_STEP, type GiveUpStepRequest, RETRY_STEP } from '../../saga/contract';
import type { Action } from './action';
import type { Delivery } from './deliveries';
import { abandon } from './faults';
import type { SagaRun } from './saga-run';
import { shownIn } from './shown-steps';
import type { World } from './world';

const BY = 'Grace';
const REASON = 'it is not worth it';

/** Inputs for a running saga. */
export function operatorInputs(saga: SagaRun): Delivery[] {
  return [cancelled(saga), ...aboutParked(saga)];
}

/** Signals to a saga whose memo shows that it has parked steps. */
function aboutParked(saga: SagaRun): Delivery[] {
  const shown = shownIn(saga.memo);
  if (shown.length === 0) return [];
  const subjects = [...new Set(shown.flatMap((step) => step.subjects))];
  return [
    {
      saga,
      isSignal: true,
      words: () => `the parked steps of ${saga.sagaId} are retried`,
      job: () => ({ kind: 'signal', name: RETRY_STEP, argument: { by: BY } }),
    },
    givenUp(saga, subjects, { by: BY, reason: REASON }),
    ...(subjects.length > 1
      ? subjects.map((subject) => givenUp(saga, [subject], { by: BY, reason: REASON, subject }))
      : []),
  ];
}

function givenUp(saga: SagaRun, subjects: readonly string[], argument: GiveUpStepRequest): Delivery {
  return {
    saga,
    isSignal: true,
    words: () => `the parked steps of ${subjects.join(', ')} in ${saga.sagaId} are given up`,
    job: ({ observations }) => {
      for (const orderId of subjects) observations.givenUp.add(orderId);
      return { kind: 'signal', name: GIVE_UP_STEP, argument };
    },
  };
}

/** Temporal's own Cancel. */
function cancelled(saga: SagaRun): Delivery {
  const { sagaId } = saga;
  return {
    saga,
    words: () => `${sagaId} is cancelled in Temporal`,
    job: ({ observations }) => {
      for (const orderId of saga.orderIds) observations.unwanted.add(orderId);
      observations.cancelled.set(sagaId, saga.orderIds);
      return { kind: 'cancel' };
    },
  };
}

/** Temporal's own Terminate; the repair starts the saga again, with the input that it was started with. */
export function terminated(saga: SagaRun): Action {
  return {
    words: () => `${saga.sagaId} is terminated in Temporal, and repaired`,
    happen: async (world: World) => {
      world.observations.terminates(saga);
      const isOfSaga = ({ execution = saga.execution }) => !saga.zombies.has(execution);
      abandon(world, ({ waiting }) => waiting?.saga === saga && isOfSaga(waiting), true);
      await saga.startAgain(world.nowMs);
      world.afterTurn(saga, saga.execution);
    },
  };
}

/** Whether an operator has wanted the saga to fail. */
export function isGivenUp(failure: unknown): boolean {
  if (!(failure instanceof ApplicationFailure)) return false;
  return failure.type === 'SagaGivenUp' || (failure.type === 'SagaFailed' && isGivenUp(failure.cause));
}
