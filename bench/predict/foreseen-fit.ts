/*
 * Grows the trees of src/engine/bottleneck-trees.ts on the tuning half of the recorded loads and writes them:
 * node bench/predict/foreseen-fit.ts. How they do on traces that they were not grown on: --without machine-2-1 (or nasa) leaves one out,
 * and npm run bench:accuracy -- foreseen --half tune --of machine-2-1 tries them there.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { GradientBoostingClassifier } from '../../src/learners/tree/gradient-boosting-classifier.ts';
import { trainingRows } from './foreseen-training.ts';

const FILE = fileURLToPath(new URL('../../src/engine/bottleneck-trees.ts', import.meta.url));
const PARAMETERS = {
  nRounds: 300,
  learningRate: 0.03,
  maxDepth: 4,
  minLeaf: 100,
  columnShare: 0.4,
  rowShare: 0.6,
  seed: 1,
};

const without = process.argv[2] === '--without' ? process.argv[3] : undefined;
const rows: Float32Array[] = [];
const came: number[] = [];
for (const one of trainingRows('tune')) {
  if (one.source === without) continue;
  for (const row of one.rows) rows.push(row);
  for (const outcome of one.came) came.push(outcome);
}
const width = rows[0]?.length ?? 0;
const x = new Float64Array(rows.length * width);
rows.forEach((row, i) => x.set(row, i * width));
const model = new GradientBoostingClassifier(PARAMETERS).fit(x, Float64Array.from(came), rows.length, width);
const text = brotliCompressSync(model.toBytes()).toString('base64');
writeFileSync(
  FILE,
  `/** The trees of \`foreseeBottleneck\`, as \`node bench/predict/foreseen-fit.ts\` grows them: a model's bytes, packed (brotli, base64). */
export const BOTTLENECK_TREES =
  '${text}';
`,
);
process.stdout.write(
  `${rows.length} moments, ${came.reduce((a, b) => a + b, 0)} of them before a bottleneck; ${text.length} characters\n`,
);
