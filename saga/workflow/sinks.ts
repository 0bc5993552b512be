/**
 * What a saga reports to the process that runs it, outside of its history: it costs no event, and a replay does not
 * repeat it.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- the SDK wants its index signature
export type SagaSinks = {
  readonly saga: {
    /** All of its subjects have ended; only the engine's own completion is still to be written. */
    ended(): void;
    /**
     * All that is left of it waits for locked rows. Once a run at most, and never when a service was away: then whatever
     * is started next waits too, and is better started together.
     */
    waits(): void;
  };
};
