/** 5 s to let steps under way finish; the rest is taken up by another worker, or at the next start. */
export const DRAIN_MS = 5_000;
