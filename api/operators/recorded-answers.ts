/** The answers of one order's steps, in the order in which its saga got them. */
import type { AttemptFact, SagaFact } from './saga-facts';

interface Recorded {
  readonly activity: string;
  readonly seq: number;
  /** Undefined: an attempt for the order, without an answer. */
  readonly answer: { readonly outcome: string } | undefined;
}

interface StepOfOrder {
  readonly activity: string;
  readonly words: string;
  readonly refusals?: Readonly<Record<string, unknown>> | undefined;
}

/** What the history has of a step: an answer; none, and the saga has gone on; none, and the saga waits. */
export type Found =
  | { readonly state: 'answered'; readonly seq: number; readonly answer: object }
  | { readonly state: 'passed'; readonly seq: number }
  | { readonly state: 'waiting' };

export class RecordedAnswers {
  readonly #recorded: Recorded[];
  readonly #asked = new Set<string>();
  /** `seq`, by step in words. */
  readonly #deadlinesPassed: ReadonlyMap<string, number>;

  constructor(facts: readonly SagaFact[], orderId: string) {
    const started = facts.find((fact) => fact.kind === 'started');
    const isAlone = started?.input.subjects.length === 1;
    const journal = started?.input.carried?.subjects[orderId]?.journal ?? [];
    const before = journal.flatMap(({ activity, answer }) =>
      isOutcome(answer) ? [{ activity, seq: -1, answer }] : [],
    );
    const attempts = facts.filter((fact) => fact.kind === 'attempt');
    const since = attempts.flatMap((attempt) => recordedOf(attempt, orderId, isAlone));
    this.#recorded = [...before, ...since.sort((one, other) => one.seq - other.seq)];
    this.#deadlinesPassed = new Map(
      facts.flatMap((fact) =>
        fact.kind === 'fired' && fact.purpose === 'deadline' ? [[fact.words, fact.seq] as const] : [],
      ),
    );
  }

  /** Reads on to the answer of the step that the saga requests now. */
  next({ activity, words, refusals = {} }: StepOfOrder): Found {
    this.#asked.add(activity);
    for (let first = this.#recorded[0]; first; first = this.#recorded[0]) {
      const isOther = first.activity !== activity;
      // An attempt of an earlier step may end late.
      if (isOther && !this.#asked.has(first.activity)) return { state: 'passed', seq: first.seq };
      this.#recorded.shift();
      const { seq, answer } = first;
      if (!isOther && answer && !(answer.outcome in refusals)) return { state: 'answered', seq, answer };
    }
    const deadline = this.#deadlinesPassed.get(words);
    return deadline === undefined ? { state: 'waiting' } : { state: 'passed', seq: deadline };
  }
}

function recordedOf(attempt: AttemptFact, orderId: string, isAlone: boolean): Recorded[] {
  const { activity, seq, endSeq, items, answers } = attempt;
  const answer = answers?.find((each) => each.orderId === orderId);
  if (answer) return answer.outcome === 'busy' ? [] : [{ activity, seq: endSeq ?? seq, answer }];
  const isOurs = items?.includes(orderId) ?? isAlone;
  return isOurs ? [{ activity, seq, answer: undefined }] : [];
}

function isOutcome(value: unknown): value is { readonly outcome: string } {
  return (
    typeof value === 'object' && value !== null && 'outcome' in value && typeof value.outcome === 'string'
  );
}
