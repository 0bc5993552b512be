import type { Attempts, Where } from './attempts';
import type { EventCount } from './event-count';
import type { Rendezvous } from './rendezvous';
import type { Attempted } from './step-attempt';

/** The part of a saga that its queues use. */
export interface SagaOfQueue {
  readonly rendezvous: Rendezvous;
  readonly attempts: Attempts;
  readonly history: EventCount;
  readonly parkAfterMs: number;
  readonly longestPauseMs: number;
  /** Refreshes the saga's details in the Temporal UI. Costs no event. */
  showDetails(): void;
  /** Runs an attempt. The saga does not continue as new during a local one. */
  attempt(where: Where, work: () => Promise<Attempted>): Promise<Attempted>;
  /** Whether the saga is about to continue as new. Then no attempt may begin. */
  readonly isContinuing: boolean;
  /**
   * Continues the saga as new when its history is long and no local attempt is under way.
   *
   * @returns {@link isContinuing} from now on
   */
  continueAsNewIfLong(): boolean;
  /** Call when the parked steps may have changed. */
  parkedChanged(): void;
  /** Reports a bug in workflow code. It fails the workflow task, so the saga waits for fixed code and is not lost. */
  fail(bug: unknown): void;
}
