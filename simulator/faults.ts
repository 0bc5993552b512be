/** What goes wrong with requests and with workers. */
import type { SagaRun } from './saga-run';
import { connectionLost, refusedForGood, type StepCall, tooLate } from './step-call';
import type { World } from './world';

/** The request, or its answer, does not arrive. */
export async function loseCall(world: World, call: StepCall): Promise<void> {
  const { step } = call;
  world.witness.trouble(step.orderIds);
  // Temporal asks for a remote step again by itself.
  if (step.remote) call.state = 'under way';
  else await world.answer(call, { failure: connectionLost(step) });
}

/** The database refuses the statement, as it will until somebody has mended something. */
export async function refuseCall(world: World, call: StepCall): Promise<void> {
  const { step } = call;
  world.witness.trouble(step.orderIds);
  if (step.name === 'reserveCredit') world.witness.refused.add(step.sagaId);
  await world.answer(call, { failure: refusedForGood(step) });
}

/** Its caller waits no longer, but the request is under way. */
export async function giveUpWaiting(world: World, call: StepCall): Promise<void> {
  world.witness.trouble(call.step.orderIds);
  if (call.state !== 'committed') world.calls.add(call.leftAlone());
  world.nowMs += call.step.timeoutMs;
  await world.answer(call, { failure: tooLate(call.step) });
}

/** What becomes of the requests that a lost worker had under way. */
export type Requests = 'go on' | 'are lost' | 'are answered to a zombie';

/** Temporal gives the saga to another worker, which knows only what is recorded. */
export async function loseWorker(world: World, saga: SagaRun, requests: Requests): Promise<void> {
  const lost = saga.execution;
  world.witness.troubleSaga(saga.sagaId);
  if (requests === 'are answered to a zombie') saga.zombies.add(lost);
  else abandon(world, ({ waiting }) => waiting?.execution === lost, requests === 'go on');
  await saga.replay();
  world.afterTurn(saga, saga.execution);
}

/** Nobody waits for these requests any more; those that are under way arrive all the same if they `goOn`. */
export function abandon(world: World, which: (call: StepCall) => boolean, goOn: boolean): void {
  for (const call of [...world.calls].filter(which)) {
    call.waiting = undefined;
    if (call.state === 'committed' || (call.state === 'under way' && !goOn)) world.calls.delete(call);
  }
}
