/** Samples in one commit at most: more wait for the next one. */
export const COMMIT_POINTS = 1 << 17;
