/** What comes of a subject that was submitted for a saga. */

/** `already-started`: a saga for this subject was there, perhaps with other content. */
export type Submission = 'started' | 'already-started';

/** A subject's place in the line. */
export interface Ticket {
  /**
   * Resolves once the start call of the subject's group has returned: from then on the saga is durable. Rejects with
   * SagaStartFailed when Temporal does not confirm it. Never settles after a withdrawal.
   */
  readonly submitted: Promise<Submission>;
  /** @returns true: this submission will never be started; false: it was taken into a group */
  withdraw(): boolean;
}

/** Too many subjects wait for a saga; nothing was started for this one. */
export class SagaStarterFull extends Error {
  override readonly name = 'SagaStarterFull';
}

/** Temporal did not confirm the start in time; whether the saga runs is unknown. */
export class SagaStartFailed extends Error {
  override readonly name = 'SagaStartFailed';
}
