/** Which faults can happen to a request, and to a worker. */
import type { Action } from './action';
import { remoteStepEnds, told } from './deliveries';
import {
  giveUpWaiting,
  lastAttemptFailed,
  loseCall,
  loseWorker,
  refuseCall,
  sendElsewhere,
  windowIsOver,
} from './faults';
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';

export function faultsOfCall(call: StepCall): Action[] {
  const { waiting, state, step } = call;
  if (!waiting) return [];
  const late: Action = {
    words: () => `no answer in time: ${call.words}`,
    happen: (world) => giveUpWaiting(world, call),
  };
  const faults = step.remote ? [late, ...faultsOfRemote(call, waiting.saga)] : [late];
  switch (state) {
    case 'in its transaction':
      return faults;
    case 'committed':
      return [
        { words: () => `the answer is lost: ${call.words}`, happen: (world) => loseCall(world, call) },
        ...faults,
      ];
    case 'under way':
      return [
        ...(step.remote ? [] : faultsOfLocal(call)),
        ...faults,
        { words: () => `${call.words} is refused for good`, happen: (world) => refuseCall(world, call) },
        sentTwice(call),
        ...rowsHeld(call),
        begun(call),
      ];
  }
}

/** A remote request is kept by Temporal until somebody takes it. */
function faultsOfLocal(call: StepCall): Action[] {
  const { name } = call.step;
  return [
    { words: () => `the request is lost: ${call.words}`, happen: (world) => loseCall(world, call) },
    ...(name === 'reserveCredit' || name === 'releaseCredit'
      ? [
          {
            words: () => `${call.words} runs elsewhere`,
            happen: (world) => sendElsewhere(world, call),
          } satisfies Action,
        ]
      : []),
  ];
}

/** The server retries it for as long as it may. */
function faultsOfRemote(call: StepCall, saga: SagaRun): Action[] {
  return [
    told(
      remoteStepEnds(call, saga, {
        words: 'has no answer in all the time that it had',
        failure: (world) => windowIsOver(world, call),
      }),
    ),
    ...(call.state === 'under way'
      ? [
          told(
            remoteStepEnds(call, saga, {
              words: 'has failed for as long as it was retried',
              failure: (world) => lastAttemptFailed(world, call),
            }),
          ),
        ]
      : []),
  ];
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

/** A decision is nobody's row; and that a remote step finds its only row held, its saga does not hear. */
function rowsHeld(call: StepCall): Action[] {
  const { name, orderIds, remote } = call.step;
  if (name === 'giveUpOrders' || (remote && orderIds.length === 1)) return [];
  return orderIds.map((orderId) => ({
    words: () => `${call.words} is done, but for ${orderId}, whose row somebody holds`,
    happen: (world) => {
      world.beginStep(call, new Set([orderId]));
      world.commit(call);
      return undefined;
    },
  }));
}

/** Its commit is an action of its own, so that others run before it. */
function begun(call: StepCall): Action {
  return {
    words: () => `${call.words} begins its transaction`,
    happen: (world) => {
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
      words: () => `the worker of ${sagaId} reports that it is still at its task`,
      happen: (world) => {
        world.report(saga);
        return undefined;
      },
    },
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
