/** Which faults can happen to a request, to a worker, and by an operator. */
import type { Action } from './action';
import { giveUpWaiting, loseCall, loseWorker, refuseCall } from './faults';
import { cancelInTemporal, terminateAndRepair } from './people';
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';

export function faultsOfCall(call: StepCall): Action[] {
  const { step, waiting, state } = call;
  if (!waiting) return [];
  const late: Action = {
    words: () => `no answer in time: ${call.words}`,
    happen: (world) => giveUpWaiting(world, call),
  };
  switch (state) {
    case 'in its transaction':
      return [late];
    case 'committed':
      return [
        { words: () => `the answer is lost: ${call.words}`, happen: (world) => loseCall(world, call) },
        late,
      ];
    case 'under way':
      return [
        // That of a remote step is kept by Temporal until somebody takes it.
        ...(step.remote
          ? []
          : [
              {
                words: () => `the request is lost: ${call.words}`,
                happen: (world) => loseCall(world, call),
              } satisfies Action,
            ]),
        late,
        { words: () => `${call.words} is refused for good`, happen: (world) => refuseCall(world, call) },
        sentTwice(call),
        // A decision is nobody's row.
        ...(step.name === 'giveUpOrders' ? [] : step.orderIds.map((orderId) => rowHeld(call, orderId))),
        begun(call),
      ];
  }
}

function sentTwice(call: StepCall): Action {
  return {
    words: () => `${call.words} is sent twice`,
    happen: (world) => {
      world.calls.add(call.copy());
      return undefined;
    },
  };
}

function rowHeld(call: StepCall, orderId: string): Action {
  return {
    words: () => `${call.words} is done, but for ${orderId}, whose row somebody holds`,
    happen: (world) => {
      world.beginStep(call, new Set([orderId]));
      world.commit(call);
      return undefined;
    },
  };
}

/** Its commit is an action of its own, so that others run before it. */
function begun(call: StepCall): Action {
  return {
    words: () => `${call.words} begins its transaction`,
    happen: (world) => {
      world.witness.troubleAll();
      world.beginStep(call);
      return undefined;
    },
  };
}

/** A worker that has nothing under way has nothing to lose. */
export function faultsOfWorker(saga: SagaRun): Action[] {
  if (!saga.hasLocalSteps) return [];
  const { sagaId } = saga;
  return [
    {
      words: () => `the worker of ${sagaId} dies; its requests arrive, and another goes on`,
      happen: (world) => loseWorker(world, saga, 'go on'),
    },
    {
      words: () => `the worker of ${sagaId} dies, and its requests with it; another goes on`,
      happen: (world) => loseWorker(world, saga, 'are lost'),
    },
    {
      words: () => `the worker of ${sagaId} is taken for dead, and is not; another goes on as well`,
      happen: (world) => loseWorker(world, saga, 'are answered to a zombie'),
    },
  ];
}

export function operatorOn(saga: SagaRun): Action[] {
  const { sagaId } = saga;
  return [
    {
      words: () => `${sagaId} is cancelled in Temporal`,
      happen: (world) => cancelInTemporal(world, saga),
    },
    {
      words: () => `${sagaId} is terminated in Temporal, and repaired`,
      happen: (world) => terminateAndRepair(world, saga),
    },
  ];
}
