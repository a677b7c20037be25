import { brotliDecompressSync } from 'node:zlib';
import { GradientBoostingClassifier } from '../learners/tree/gradient-boosting-classifier.ts';
import { BOTTLENECK_TREES } from './bottleneck-trees.ts';

/** Unpacked when they are first asked. */
let trees: GradientBoostingClassifier | null = null;

/** What the trees that come with Auspex say of one row of `bottleneckEvidence`: a chance, 0..1. Some 20 µs. */
export function bottleneckChance(row: Float64Array): number {
  trees ??= GradientBoostingClassifier.fromBytes(brotliDecompressSync(Buffer.from(BOTTLENECK_TREES, 'base64')));
  return trees.probabilities(row)[1] ?? 0;
}
