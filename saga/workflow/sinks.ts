/**
 * Reports of a saga to the process that runs it, outside of its history. They cost no event, and a replay does not repeat
 * them.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- the SDK requires its index signature
export type SagaSinks = {
  readonly saga: {
    /** All of its subjects have ended. The server has not recorded the completion yet. */
    ended(): void;
    /**
     * All subjects that have not ended wait for locked rows. Reported at most once in a run, and never after a failure of
     * another kind: while a service is away, the next sagas wait too, and are better started together.
     *
     * @param subjectIds the subjects that have not ended
     */
    waits(subjectIds: readonly string[]): void;
  };
};
