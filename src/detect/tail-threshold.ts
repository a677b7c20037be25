const BLOCK_MS = 3_600_000;
/** Blocks after which old ones fade: a month. */
const MEMORY_BLOCKS = 720;
const EULER_GAMMA = 0.5772156649015329;

/**
 * What level a statistic of one entity exceeds once in so many hours: from the logarithms of its hourly maxima, whose
 * mean and spread give a Fréchet (heavy-tailed) return level. Weak in the first day, and where quiet and busy weeks
 * differ; callers put a lower and an upper limit on it.
 */
export interface TailThreshold {
  blockStart: number;
  blockMax: number;
  blocks: number;
  mean: number;
  variance: number;
  highest: number;
}

export function newTailThreshold(): TailThreshold {
  return { blockStart: 0, blockMax: 0, blocks: 0, mean: 0, variance: 0, highest: 0 };
}

/** Takes one value in event time; `ceiling` bounds what one block may teach. O(1). */
export function learnTail(tail: TailThreshold, at: number, value: number, ceiling: number): void {
  if (tail.blockStart === 0) tail.blockStart = at;
  if (at - tail.blockStart >= BLOCK_MS) {
    const x = Math.log1p(tail.blockMax);
    tail.blocks++;
    const weight = 1 / Math.min(tail.blocks, MEMORY_BLOCKS);
    const difference = x - tail.mean;
    tail.mean += weight * difference;
    tail.variance = (1 - weight) * (tail.variance + weight * difference * difference);
    tail.highest = Math.max(tail.highest * (1 - 0.5 / MEMORY_BLOCKS), tail.blockMax);
    tail.blockStart = at;
    tail.blockMax = 0;
  }
  tail.blockMax = Math.max(tail.blockMax, Math.min(value, ceiling));
}

/** The level that is exceeded once in `hours`. */
export function returnLevel(tail: TailThreshold, hours: number): number {
  const deviations = (Math.log(hours) - EULER_GAMMA) * (Math.sqrt(6) / Math.PI);
  return Math.expm1(tail.mean + Math.sqrt(tail.variance) * deviations);
}
