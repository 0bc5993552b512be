/** The submission of a subject for a saga, and its results. */

/** `already-started`: this subject already has a saga, perhaps with other content. */
export type Submission = 'started' | 'already-started';

/** A submitted subject. */
export interface Ticket {
  /**
   * Resolves when the start call of the subject's group has returned: from then on the saga is durable. Rejects with
   * SagaStartFailed when Temporal does not confirm the start. Never settles after a withdrawal.
   */
  readonly submitted: Promise<Submission>;
  /** @returns true: this submission will never be started; false: the subject is already in a group */
  withdraw(): boolean;
}

/** Too many subjects wait for a saga. Nothing was started for this one. */
export class SagaStarterFull extends Error {
  override readonly name = 'SagaStarterFull';
}

/** Temporal did not confirm the start in time. Whether the saga runs is unknown. */
export class SagaStartFailed extends Error {
  override readonly name = 'SagaStartFailed';
}
