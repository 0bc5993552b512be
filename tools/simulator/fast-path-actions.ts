/** What can happen to the fast paths. */
import type { Action } from './action';
import { begun, rowsHeld } from './fault-actions';
import type { StepCall } from './step-call';
import { connectionLost, refusedPermanently } from './step-failures';
import type { World } from './world';

export function usualOnFastPaths({ fastPaths, calls }: World): Action[] {
  const begins = [...fastPaths.toBegin].map(([sagaId, order]) => ({
    words: () => `the fast path of ${sagaId} begins`,
    happen: () => fastPaths.begin(sagaId, order),
  }));
  const hears = [...fastPaths.unheard]
    .filter(({ state, failure }) => state === 'committed' || failure)
    .map((call) => ({
      words: () => `the fast path hears of ${call.words}: ${call.failure?.message ?? call.answerWords}`,
      happen: (world: World) => fastPaths.hear(call, world.answerOf(call)),
    }));
  const passes = [...calls].flatMap((call) => {
    const made = fastPaths.answersFor(call);
    return made ? [passed(made, call)] : [];
  });
  return [...begins, ...hears, ...passes];
}

/** The fast path's request has run in the process that gets the workflow's. */
function passed(made: StepCall, call: StepCall): Action {
  return {
    words: () => `${call.words} gets the answers of the fast path: ${made.answerWords}`,
    happen: ({ fastPaths }) => {
      fastPaths.passAnswers(made, call);
      return undefined;
    },
  };
}

export function faultsOnFastPaths({ fastPaths, calls }: World): Action[] {
  const ends = [...fastPaths.toBegin.keys(), ...fastPaths.running].map((sagaId) => ({
    words: () => `the fast path of ${sagaId} ends, and its results are forgotten`,
    happen: () => {
      fastPaths.end(sagaId);
      return undefined;
    },
  }));
  // A request that was lost with its worker never runs, so no fault can happen to it.
  const alone = [...fastPaths.unheard].filter(
    (call) => !call.waiting && (calls.has(call) || call.state === 'committed'),
  );
  return [...ends, ...alone.flatMap(faultsOf)];
}

/** Of a request that no workflow waits for. */
function faultsOf(call: StepCall): Action[] {
  if (call.failure) return [];
  const fails = (words: string, failure: Error): Action => ({
    words: () => `${words}: ${call.words}`,
    happen: (world) => {
      call.failure = failure;
      world.calls.delete(call);
      return undefined;
    },
  });
  switch (call.state) {
    case 'in its transaction':
      return [];
    case 'committed':
      return [fails('the answer to the fast path is lost', connectionLost(call.step))];
    case 'under way':
      return [
        ...rowsHeld(call),
        begun(call),
        fails('the request of the fast path is lost', connectionLost(call.step)),
        fails('the request of the fast path is refused permanently', refusedPermanently(call.step)),
      ];
  }
}
