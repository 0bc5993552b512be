/** The entry of a fact in a saga's history, for one order of the saga. */
import type { AttemptFact, SagaFact } from './saga-facts';
import { iso, type TimelineEntry } from './timeline-json';

/** An entry without the time and the saga, which all entries of a history have. */
export type Shown = TimelineEntry extends infer Entry
  ? Entry extends TimelineEntry
    ? Omit<Entry, 'at' | 'saga'>
    : never
  : never;

/**
 * @param reasons why the last attempt gave no answer, by step
 * @returns undefined for a fact that the timeline does not show
 */
export function entryOf(
  fact: Exclude<SagaFact, { kind: 'parked' }>,
  orderId: string,
  reasons: ReadonlyMap<string, string>,
): Shown | undefined {
  switch (fact.kind) {
    case 'started':
      return fact.isFirst ? { kind: 'saga-started' } : undefined;
    case 'attempt':
      return attemptEntry(fact, orderId);
    case 'timer': {
      const reason = reasons.get(fact.words);
      if (fact.purpose !== 'pause') return undefined;
      return {
        ...{ kind: 'step-paused', step: fact.words, until: iso(fact.until) },
        ...(reason !== undefined && { reason }),
      };
    }
    case 'fired':
      return fact.purpose === 'deadline' ? { kind: 'deadline-passed', step: fact.words } : undefined;
    case 'task':
      return {
        kind: fact.how === 'failed' ? 'workflow-task-failed' : 'workflow-task-timed-out',
        reason: fact.reason,
        ...(fact.worker !== undefined && { worker: fact.worker }),
      };
    case 'signal':
      return {
        ...{ kind: 'signal', signal: fact.signal },
        ...(fact.by !== undefined && { by: fact.by }),
        ...(fact.reason !== undefined && { reason: fact.reason }),
      };
    case 'cancel-requested':
      return { kind: 'cancel-requested', by: fact.by, reason: fact.reason };
    case 'continued':
      return { kind: 'continued-as-new' };
    case 'ended':
      return endEntry(fact, orderId);
  }
}

function attemptEntry(fact: AttemptFact, orderId: string): Shown {
  const answer = fact.answers?.find((each) => each.orderId === orderId);
  const reason = answer?.['reason'];
  return {
    ...{ kind: 'step-attempted', step: fact.words, where: fact.where, attempt: fact.attempt },
    ...(fact.endedAt !== undefined && { endedAt: iso(fact.endedAt) }),
    ...(answer && { outcome: answer.outcome }),
    ...(typeof reason === 'string' && { reason }),
    ...(fact.failure !== undefined && { failure: fact.failure }),
    ...(fact.worker !== undefined && { worker: fact.worker }),
  };
}

function endEntry(fact: Extract<SagaFact, { kind: 'ended' }>, orderId: string): Shown {
  const outcome = fact.outcomes?.find((each) => each['orderId'] === orderId);
  const [state, reason] = [outcome?.['state'], outcome?.['reason']];
  return {
    ...{ kind: 'saga-ended', status: fact.status },
    ...(typeof state === 'string' && { outcome: state }),
    ...(typeof reason === 'string' && { reason }),
    ...(fact.failure !== undefined && { failure: fact.failure }),
  };
}
