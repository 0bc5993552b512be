/** The entries of one order from the history of its saga, which may carry up to fifty orders. */
import { entryOf, type Shown } from './entry-of-fact';
import type { AttemptFact, ParkedFacts, SagaFact } from './saga-facts';
import type { PathStep } from './order-walk';
import type { Placed } from './timeline';
import { iso } from './timeline-json';

export interface SagaOfOrder {
  readonly sagaId: string;
  readonly orderId: string;
  /** 0: the saga of the order. 1: that of its cancellation. */
  readonly place: number;
  /** In the order of the history. */
  readonly facts: readonly SagaFact[];
  /** Undefined when it is not known: then everything of the saga is shown. */
  readonly path: readonly PathStep[] | undefined;
}

export function historyEntries(saga: SagaOfOrder): Placed[] {
  const entries: Placed[] = [];
  const reasons = new Map<string, string>();
  let parked = new Set<string>();
  for (const fact of saga.facts) {
    if (!concerns(fact, saga)) continue;
    if (fact.kind === 'attempt') reasons.set(fact.words, whyPaused(fact, saga.orderId));
    if (fact.kind === 'started')
      parked = new Set(parkedOf(fact.input.carried?.parked ?? [], saga.orderId).map((each) => each.step));
    if (fact.kind === 'parked') {
      const now = parkedOf(fact.steps, saga.orderId);
      for (const each of now)
        if (!parked.has(each.step))
          entries.push(
            placed(saga, fact, { kind: 'parked', step: each.step, reason: each.reason, since: each.since }),
          );
      parked = new Set(now.map((each) => each.step));
      continue;
    }
    const shown = entryOf(fact, saga.orderId, reasons);
    if (shown) entries.push(placed(saga, fact, shown));
  }
  return entries;
}

/** Whether the order waited for the step then, as far as is known. */
function isOpen(path: readonly PathStep[] | undefined, words: string, seq: number): boolean {
  if (!path) return true;
  for (const step of path) {
    if (step.endSeq !== undefined && step.endSeq < seq) continue;
    if (step.state === 'expected') return false;
    if (step.words === words) return true;
    // A step that was passed may have ended before or after this moment.
    if (step.state !== 'passed') return false;
  }
  return false;
}

/** An attempt in the saga's process does not record for whom it was, unless it was answered. */
export function isAttemptOf(fact: AttemptFact, { orderId, path }: Pick<SagaOfOrder, 'orderId' | 'path'>) {
  if (fact.items) return fact.items.includes(orderId);
  if (fact.answers) return fact.answers.some((answer) => answer.orderId === orderId);
  return isOpen(path, fact.words, fact.seq);
}

function concerns(fact: SagaFact, saga: SagaOfOrder): boolean {
  switch (fact.kind) {
    case 'attempt':
      return isAttemptOf(fact, saga);
    case 'timer':
    case 'fired':
      return fact.purpose !== 'parking' && isOpen(saga.path, fact.words, fact.seq);
    case 'signal':
      return fact.subject === undefined || fact.subject === saga.orderId;
    default:
      return true;
  }
}

/** An answer after which the step is tried again is a refusal. */
function whyPaused(fact: AttemptFact, orderId: string): string {
  const outcome = fact.answers?.find((answer) => answer.orderId === orderId)?.outcome;
  return whyUnanswered(fact, orderId) ?? outcome ?? 'no answer';
}

/** @returns undefined for an attempt that was answered, or that is under way */
export function whyUnanswered({ failure, answers }: AttemptFact, orderId: string): string | undefined {
  const outcome = answers?.find((answer) => answer.orderId === orderId)?.outcome;
  return failure ?? (outcome === 'busy' ? 'its row is busy' : undefined);
}

function parkedOf(steps: ParkedFacts, orderId: string): ParkedFacts {
  return steps.filter(({ subjects }) => subjects.includes(orderId));
}

function placed({ sagaId, place }: SagaOfOrder, { at, seq }: SagaFact, shown: Shown): Placed {
  return { entry: { at: iso(at), saga: sagaId, ...shown }, place: { saga: place, seq, effect: 0 } };
}
