/** All actions that are possible now. */
import type { Action } from './action';
import { callersThatCancel } from './callers';
import { type Delivery, remoteStepEnds, timersOf, deliver, deliverTogether } from './deliveries';
import { faultsOnFastPaths, usualOnFastPaths } from './fast-path-actions';
import { faultsOfCall, faultsOfWorker } from './fault-actions';
import { operatorInputs, terminated } from './operator';
import { possibleRepairs } from './repairs';
import type { SagaRun } from './saga-run';
import type { StepCall } from './step-call';
import type { World } from './world';

export interface Possible {
  /** Not faults; empty when nothing is in progress. */
  readonly usual: readonly Action[];
  /** Each costs a fault. */
  readonly unusual: readonly Action[];
}

/**
 * The first timers of a saga fire in any order. Later ones wait until nothing else can happen, and fire in
 * the order in which they are due, so that no interleaving retries forever.
 */
const EARLY_TIMERS = 3;

export function possibleActions(world: World): Possible {
  const faulty = world.faultsLeft > 0;
  const usual: Action[] = [];
  const unusual: Action[] = [];
  let hasWaitingCall = false;
  for (const call of world.calls) {
    hasWaitingCall ||= call.waiting !== undefined;
    const next = nextOf(call, world);
    if (next) usual.push(next);
    if (faulty) unusual.push(...faultsOfCall(call));
  }
  for (const saga of world.sagas.values()) if (saga.isBetweenRuns) usual.push(nextRunBegins(saga));
  usual.push(...callersThatCancel(world), ...possibleRepairs(world));
  usual.push(...usualOnFastPaths(world));
  if (faulty) unusual.push(...faultsOnFastPaths(world));
  const nothingElse = usual.length === 0;
  for (const saga of world.sagas.values()) {
    if (saga.outcome) continue;
    if (!hasWaitingCall && saga.timersFired < EARLY_TIMERS) usual.push(...timersOf(saga).map(deliver));
    else if (nothingElse) usual.push(...timersOf(saga, firstDue(world)).map(deliver));
    else if (faulty) unusual.push(...timersOf(saga).map(deliver));
    if (faulty) unusual.push(...faultsOfSaga(saga, world));
  }
  if (world.relayTurnsLeft > 0) usual.push(...relaysOf(world));
  return { usual, unusual };
}

function nextOf(call: StepCall, world: World): Action | undefined {
  const { waiting, step } = call;
  if (call.failure)
    return {
      words: () => `${call.words} has failed`,
      happen: () => world.reply(call),
    };
  switch (call.state) {
    case 'under way':
      if (isPaused(call, world)) return undefined;
      return {
        words: () => `${call.words} is done`,
        happen: () => {
          world.beginStep(call);
          world.commit(call);
          return undefined;
        },
      };
    case 'in its transaction':
      return {
        words: () => `${call.words} commits`,
        happen: () => {
          world.commit(call);
          return undefined;
        },
      };
    case 'committed':
      if (step.remote && waiting) return deliver(remoteStepEnds(call, waiting.saga));
      return {
        words: () => `${call.words} is answered: ${call.answerWords}`,
        happen: () => world.reply(call),
      };
  }
}

/** The server retries a locked step after another transaction has committed. */
function isPaused({ pausedAt }: StepCall, { commits, calls }: World): boolean {
  if (pausedAt === undefined || commits > pausedAt) return false;
  return [...calls].some(({ state }) => state === 'in its transaction');
}

function nextRunBegins(saga: SagaRun, more?: Delivery): Action {
  return {
    words: () => `the next run of ${saga.sagaId} begins${more ? `; in its first task: ${more.words()}` : ''}`,
    happen: async (world) => {
      await saga.begin(world.nowMs, more ? [more.job(world)] : []);
      world.afterTurn(saga, saga.execution);
    },
  };
}

function faultsOfSaga(saga: SagaRun, world: World): Action[] {
  const { operator } = world.scenario;
  const signals = operator ? operatorInputs(saga) : [];
  const stops = operator ? [terminated(saga)] : [];
  if (saga.isBetweenRuns) return [...signals.map((more) => nextRunBegins(saga, more)), ...stops];
  return [...faultsOfWorker(saga), ...signals.map(deliver), ...stops, ...together(saga, world, signals)];
}

/** Two inputs in one workflow task. */
function together(saga: SagaRun, world: World, signals: readonly Delivery[]): Action[] {
  const answers = [...world.calls].flatMap((call) =>
    call.waiting?.saga === saga && call.step.remote && call.state === 'committed'
      ? [remoteStepEnds(call, saga)]
      : [],
  );
  const inTheirOrder = [...timersOf(saga), ...answers];
  const pairs = inTheirOrder.flatMap((first, index) =>
    inTheirOrder.slice(index + 1).flatMap((second) => eitherFirst(first, second)),
  );
  return [
    ...pairs,
    ...inTheirOrder.flatMap((first) => signals.flatMap((second) => eitherFirst(first, second))),
  ];
}

function eitherFirst(one: Delivery, other: Delivery): Action[] {
  return other.isSignal
    ? [deliverTogether(other, one)]
    : [deliverTogether(one, other), deliverTogether(other, one)];
}

function firstDue({ sagas }: World): number {
  const timers = [...sagas.values()].flatMap((saga) =>
    saga.outcome ? [] : [...saga.execution.timers.values()],
  );
  return Math.min(...timers.map(({ due }) => due));
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
