/** Faults of requests and of workers. */
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';
import { connectionLost, refusedPermanently, runsElsewhere, tooLate } from './step-failures';
import type { World } from './world';

/** The request, or its answer, does not arrive. */
export async function loseCall(world: World, call: StepCall): Promise<void> {
  // Temporal itself retries a remote step.
  if (call.step.remote) call.again();
  else await fail(world, call, connectionLost(call.step));
}

/** All who wait for the request hear of the failure. */
function fail(world: World, call: StepCall, failure: Error): Promise<void> {
  call.failure = failure;
  return world.answer(call, { failure });
}

/** The database refuses the statement permanently. */
export function refuseCall(world: World, call: StepCall): Promise<void> {
  return fail(world, call, refusedPermanently(call.step));
}

/** The worker has no database of the other service. */
export function sendElsewhere(world: World, call: StepCall): Promise<void> {
  return fail(world, call, runsElsewhere(call.step));
}

/** One attempt times out: its client stops waiting, but the request is in progress. */
export async function giveUpWaiting(world: World, call: StepCall): Promise<void> {
  leaveUnderWay(world, call);
  world.passUntil(world.nowMs + call.step.attemptMs);
  if (call.step.remote) call.again();
  else await world.answer(call, { failure: tooLate(call.step) });
}

/** @returns why a remote step has no answer in all the time that the server had for it */
export function windowIsOver(world: World, call: StepCall): Error {
  leaveUnderWay(world, call);
  world.passUntil(world.nowMs + call.step.windowMs);
  return tooLate(call.step);
}

/** @returns how a remote step fails when there is no time for another attempt, and the last one has failed at once */
export function lastAttemptFailed(world: World, call: StepCall): Error {
  world.passUntil(world.nowMs + call.step.windowMs);
  return connectionLost(call.step);
}

function leaveUnderWay(world: World, call: StepCall): void {
  if (call.state === 'committed') return;
  const left = call.leftAlone();
  world.calls.add(left);
  world.fastPaths.continuesAs(call, left);
}

/** What happens to the requests of a lost worker. */
export type Requests = 'continue' | 'are lost' | 'are answered to a zombie';

/** Temporal gives the saga to another worker, which knows only what is recorded. */
export async function loseWorker(world: World, saga: SagaRun, requests: Requests): Promise<void> {
  const lost = saga.execution;
  if (requests === 'are answered to a zombie') saga.zombies.add(lost);
  else abandon(world, ({ waiting }) => waiting?.execution === lost, requests === 'continue');
  await saga.replay(world.nowMs);
  world.afterTurn(saga, saga.execution);
}

/** No process waits for these requests any more; those in progress still arrive when they `continue`. */
export function abandon(world: World, which: (call: StepCall) => boolean, continues: boolean): void {
  for (const call of [...world.calls].filter(which)) {
    world.leave(call);
    if (call.state === 'under way' && !continues) world.calls.delete(call);
  }
}
