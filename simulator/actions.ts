/** All that can happen next. */
import type { Action } from './action';
import { startsOfChildren } from './children';
import { operatorOnParked } from './parked';
import { possibleRepairs } from './repairs';
import { faultsOfCall, faultsOfWorker, operatorOn } from './fault-actions';
import { canBeAskedWith, cancelOrder, cancelWithAnswer, isThere } from './people';
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';
import type { World } from './world';

export interface Possible {
  /** Nobody's fault; empty when nothing is under way any more. */
  readonly usual: readonly Action[];
  /** Each costs a fault. */
  readonly unusual: readonly Action[];
}

/**
 * A saga's first timers fire in any order. Later ones wait until nothing else can happen, and for those that are due
 * before them: no story goes on for ever with asking again.
 */
const EARLY_TIMERS = 3;

export function possibleActions(world: World): Possible {
  const faulty = world.faultsLeft > 0;
  const usual: Action[] = [];
  const unusual: Action[] = [];
  let somebodyWaits = false;
  for (const call of world.calls) {
    somebodyWaits ||= call.waiting !== undefined;
    usual.push(nextOf(call));
    if (faulty) unusual.push(...faultsOfCall(call));
  }
  for (const orderId of world.wishes) if (isThere(world, orderId)) usual.push(...wishes(world, orderId));
  for (const saga of world.sagas.values()) if (!saga.outcome) usual.push(...startsOfChildren(saga));
  usual.push(...possibleRepairs(world));
  const nothingElse = usual.length === 0;
  for (const saga of world.sagas.values()) {
    if (saga.outcome) continue;
    if (!somebodyWaits && saga.timersFired < EARLY_TIMERS) usual.push(...timersOf(saga));
    else if (nothingElse) usual.push(...timersOf(saga, firstDue(world)));
    else if (faulty) unusual.push(...timersOf(saga));
    if (faulty) unusual.push(...faultsOfWorker(saga));
    if (faulty && world.scenario.operator)
      unusual.push(...operatorOn(saga), ...operatorOnParked(saga, world));
  }
  if (world.relayTurnsLeft > 0) usual.push(...relaysOf(world));
  return { usual, unusual };
}

function nextOf(call: StepCall): Action {
  switch (call.state) {
    case 'under way':
      return {
        words: () => `${call.words} is done`,
        happen: (world) => {
          world.beginStep(call);
          world.commit(call);
          return undefined;
        },
      };
    case 'in its transaction':
      return {
        words: () => `${call.words} commits`,
        happen: (world) => {
          world.commit(call);
          return undefined;
        },
      };
    case 'committed':
      return {
        words: () => `${call.words} is answered: ${call.answerWords}`,
        happen: (world) => world.reply(call),
      };
  }
}

function wishes(world: World, orderId: string): Action[] {
  return [
    { words: () => `a caller has ${orderId} cancelled`, happen: () => cancelOrder(world, orderId) },
    ...[...world.calls]
      .filter((call) => canBeAskedWith(world, call, orderId))
      .map((call) => ({
        words: () =>
          `${call.words} is answered: ${call.answerWords}; in the same task a caller has ${orderId} cancelled`,
        happen: () => cancelWithAnswer(world, call, orderId),
      })),
  ];
}

function firstDue({ sagas }: World): number {
  const timers = [...sagas.values()].flatMap((saga) =>
    saga.outcome ? [] : [...saga.execution.timers.values()],
  );
  return Math.min(...timers.map(({ due }) => due));
}

/** @param due milliseconds of the epoch: only those that are due until then */
function timersOf(saga: SagaRun, due = Infinity): Action[] {
  return [...saga.execution.timers]
    .filter(([seq, timer]) => saga.isScheduled(seq) && timer.due <= due)
    .map(([seq]) => ({
      words: () => `${saga.sagaId} has waited long enough`,
      happen: (world) => world.fireTimer(saga, seq),
    }));
}

function relaysOf(world: World): Action[] {
  return world.relays
    .filter((relay) => relay.next().length > 0)
    .map((relay) => ({
      words: () => {
        const next = relay.next().map(({ type, aggregateId }) => `${type} of ${aggregateId}`);
        return `a relay publishes ${next.join(', ')}`;
      },
      happen: () => {
        world.relayTurnsLeft -= 1;
        relay.publish();
        return undefined;
      },
    }));
}
