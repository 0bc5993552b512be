/** Which faults can happen to a request, and to a worker. */
import type { Action } from './action';
import { remoteStepEnds, deliver } from './deliveries';
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
  const { waiting, state, step, failure } = call;
  // What has failed is over, although the saga has still to hear of it.
  if (!waiting || failure) return [];
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
        { words: () => `${call.words} is refused permanently`, happen: (world) => refuseCall(world, call) },
        sentTwice(call),
        ...rowsHeld(call),
        begun(call),
      ];
  }
}

/** Temporal keeps a remote request until a worker takes it. */
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
    deliver(
      remoteStepEnds(call, saga, {
        words: 'times out, retries included',
        failure: (world) => windowIsOver(world, call),
      }),
    ),
    ...(call.state === 'under way'
      ? [
          deliver(
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

/** Giving up has no row to lock. A remote step whose only row is locked fails without its saga seeing it. */
export function rowsHeld(call: StepCall): Action[] {
  const { name, orderIds, remote } = call.step;
  if (name === 'giveUpOrders' || (remote && orderIds.length === 1)) return [];
  return orderIds.map((orderId) => ({
    words: () => `${call.words} is done, but for ${orderId}, whose row another transaction holds`,
    happen: (world) => {
      world.beginStep(call, new Set([orderId]));
      world.commit(call);
      return undefined;
    },
  }));
}

/** The commit is a separate action, so that others can run before it. */
export function begun(call: StepCall): Action {
  return {
    words: () => `${call.words} begins its transaction`,
    happen: (world) => {
      world.beginStep(call);
      return undefined;
    },
  };
}

/** A worker without local steps has nothing to lose. */
export function faultsOfWorker(saga: SagaRun): Action[] {
  if (!saga.hasLocalSteps) return [];
  const { sagaId } = saga;
  return [
    {
      words: () => `the worker of ${sagaId} sends a heartbeat of its task`,
      happen: (world) => {
        world.report(saga);
        return undefined;
      },
    },
    {
      words: () => `the worker of ${sagaId} dies; its requests arrive, and another worker resumes`,
      happen: (world) => loseWorker(world, saga, 'continue'),
    },
    {
      words: () => `the worker of ${sagaId} dies, and its requests are lost; another worker resumes`,
      happen: (world) => loseWorker(world, saga, 'are lost'),
    },
    {
      words: () => `the worker of ${sagaId} is presumed dead, but continues; another worker resumes`,
      happen: (world) => loseWorker(world, saga, 'are answered to a zombie'),
    },
  ];
}
