/** 5 s for steps in progress to finish; another worker, or the next start, resumes the rest. */
export const DRAIN_MS = 5_000;
