import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { auroc, brierScore } from '../../src/evaluation/index.ts';
import { AutomaticClassifier, type Classifier, learner } from '../../src/learners/index.ts';
import type { Options } from '../options.ts';
import { publicData, readCsv } from '../tables.ts';
import type { Cell, Report } from '../report.ts';

const BLOCKS = 5;

/**
 * The automatic choice beside its own candidates at their defaults: CI builds of five projects in their order, fitted anew at
 * the beginning of each of five blocks of the second half to everything before it, judged on the block.
 * `--budget 1000` (nominal ms of a choice)
 */
export async function measure(options: Options): Promise<Report> {
  const folder = publicData('ci-builds');
  const budgetMs = options.number('budget', 1000);
  const plain = ['logistic-regression', 'random-forest-classifier', 'gradient-boosting-classifier'];
  const makers = new Map<string, () => Classifier>([
    ['automatic-classifier', () => new AutomaticClassifier({ budgetMs })],
    ...plain.map((name) => [name, () => learner(name)?.create({}, 1) as Classifier] as const),
  ]);
  const rows: Cell[][] = [];
  const figures: Record<string, unknown> = {};
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv.gz'));
  for (const [name, make] of makers) {
    const areas: number[] = [];
    const briers: number[] = [];
    const chosen: string[] = [];
    const started = performance.now();
    for (const file of files) {
      const said = inBlocks(join(folder, file), make);
      areas.push(auroc(said.risk, said.failed));
      briers.push(brierScore(said.risk, said.failed));
      chosen.push(...said.chosen);
    }
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const seconds = (performance.now() - started) / 1000;
    rows.push([name, mean(areas), mean(briers), ...areas, seconds]);
    figures[name] = { auroc: mean(areas), brier: mean(briers), bySet: areas, seconds, chosen: countsOf(chosen) };
  }
  return {
    columns: ['learner', 'AUROC', 'Brier', ...files.map((file) => file.replace(/_data\.csv\.gz$/, '')), 's'],
    rows,
    notes: [
      `Chosen: ${JSON.stringify((figures['automatic-classifier'] as { chosen: unknown }).chosen)}.`,
      'Beside it: scikit-learn forest trained in blocks .652.',
    ],
    figures,
    missed: [],
  };
}

function inBlocks(path: string, make: () => Classifier) {
  const { names, x, nRows, nCols } = readCsv(path);
  const target = names.indexOf('build_failed');
  const width = nCols - 1;
  const features = new Float64Array(nRows * width);
  const failed = new Float64Array(nRows);
  for (let i = 0; i < nRows; i++) {
    failed[i] = x[i * nCols + target] ?? 0;
    for (let j = 0, at = i * width; j < nCols; j++) if (j !== target) features[at++] = x[i * nCols + j] ?? Number.NaN;
  }
  const half = Math.floor(nRows / 2);
  const risk = new Float64Array(nRows - half);
  const chosen: string[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const from = half + Math.floor(((nRows - half) * block) / BLOCKS);
    const to = half + Math.floor(((nRows - half) * (block + 1)) / BLOCKS);
    const model = make().fit(features.subarray(0, from * width), failed.subarray(0, from), from, width);
    if (model instanceof AutomaticClassifier) chosen.push(model.chosen);
    for (let i = from; i < to; i++)
      risk[i - half] = model.probabilities(features.subarray(i * width, (i + 1) * width))[1] ?? 0;
  }
  return { risk, failed: Uint8Array.from(failed.subarray(half)), chosen };
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
