/** The steps that an order has still to go, and what the first of them waits for. */
import { isAttemptOf, type SagaOfOrder, whyUnanswered } from './history-entries';
import type { AttemptFact, SagaFact, TimerFact, TimerPurpose } from './saga-facts';
import type { PathStep } from './order-walk';
import { iso, type RemainingStep } from './timeline-json';

export function remainingSteps(saga: SagaOfOrder): RemainingStep[] {
  return (saga.path ?? []).flatMap(({ state, ...step }): RemainingStep[] => {
    if (state === 'expected') return [{ saga: saga.sagaId, step: step.words, state }];
    return state === 'waiting' ? [{ saga: saga.sagaId, step: step.words, state, ...waitOf(step, saga) }] : [];
  });
}

type Wait = Omit<RemainingStep, 'saga' | 'step' | 'state'>;

function waitOf({ activity, words, deadlineMs }: Omit<PathStep, 'state'>, saga: SagaOfOrder): Wait {
  const { facts, orderId } = saga;
  const attempts = facts.filter(
    (fact): fact is AttemptFact =>
      fact.kind === 'attempt' && fact.activity === activity && isAttemptOf(fact, saga),
  );
  const last = attempts.at(-1);
  const pause = running(facts, 'pause', words);
  const next = last?.nextAttemptAt ?? pause?.until;
  // A first attempt that is under way has no timer yet.
  const begun = deadlineMs !== undefined && attempts[0] ? attempts[0].at + deadlineMs : undefined;
  const deadline = deadlineMs === undefined ? undefined : (running(facts, 'deadline', words)?.until ?? begun);
  const parked = parkedNow(facts).find(({ step, subjects }) => step === words && subjects.includes(orderId));
  const failure = attempts.map((each) => whyUnanswered(each, orderId)).findLast(isText) ?? parked?.reason;
  const parksAt = parked ? undefined : running(facts, 'parking', words)?.until;
  return {
    attempts: attempts.reduce((sum, { attempt }) => sum + attempt, 0),
    ...(failure !== undefined && { failure }),
    ...(next !== undefined && { nextAttemptAt: iso(next) }),
    ...(deadline !== undefined && { deadline: iso(deadline) }),
    ...(parksAt !== undefined && deadline === undefined && { parksAt: iso(parksAt) }),
    ...(parked && { parkedSince: parked.since }),
  };
}

const isText = (text: string | undefined): text is string => text !== undefined;

function running(facts: readonly SagaFact[], purpose: TimerPurpose, words: string): TimerFact | undefined {
  return facts.findLast(
    (fact): fact is TimerFact =>
      fact.kind === 'timer' && fact.purpose === purpose && fact.words === words && fact.isRunning,
  );
}

/** As the last run has shown them: it begins with those of the run before. */
function parkedNow(facts: readonly SagaFact[]) {
  const shown = facts.findLast((fact) => fact.kind === 'parked' || fact.kind === 'started');
  if (shown?.kind === 'parked') return shown.steps;
  return shown?.kind === 'started' ? (shown.input.carried?.parked ?? []) : [];
}
