import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { auroc, brierScore, calibrationError } from '../../src/evaluation/index.ts';
import { FailureRisk } from '../../src/predict/failure-risk.ts';
import type { Options } from '../options.ts';
import { publicData, readCsv } from '../tables.ts';
import type { Cell, Report } from '../report.ts';

const AIM_AUROC = 0.7;
const AIM_CALIBRATION = 0.05;

/**
 * CI builds of five projects in their order: each build's risk is said before its outcome is learnt; the second half is
 * scored, against the project's running failure rate and against "as the last build".
 */
export async function measure(options: Options): Promise<Report> {
  const folder = publicData('ci-builds');
  const seed = options.number('seed', 1);
  const rows: Cell[][] = [];
  const figures: Record<string, unknown> = {};
  const missed: string[] = [];
  const areas: number[] = [];
  const errors: number[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.csv.gz'))) {
    const project = file.replace(/_data\.csv\.gz$/, '');
    const { names, x, nRows, nCols } = readCsv(join(folder, file));
    const target = names.indexOf('build_failed');
    const started = performance.now();
    const said = predictInOrder(x, nRows, nCols, target, seed);
    const seconds = (performance.now() - started) / 1000;
    const area = auroc(said.risk, said.failed);
    const error = calibrationError(said.risk, said.failed, 10);
    const brier = brierScore(said.risk, said.failed);
    const brierRate = brierScore(said.rate, said.failed);
    const brierLast = brierScore(said.last, said.failed);
    areas.push(area);
    errors.push(error);
    rows.push([project, nRows, area, error, brier, brierRate, brierLast, seconds]);
    figures[project] = { builds: nRows, auroc: area, calibrationError: error, brier, brierRate, brierLast, seconds };
    if (brier >= Math.min(brierRate, brierLast))
      missed.push(`${project}: Brier ${brier.toFixed(4)} is no better than the simple ones`);
  }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  rows.push(['mean', null, mean(areas), mean(errors), null, null, null, null]);
  figures['mean'] = { auroc: mean(areas), calibrationError: mean(errors) };
  if (mean(areas) < AIM_AUROC) missed.push(`mean AUROC ${mean(areas).toFixed(3)}, aim ${AIM_AUROC}`);
  if (mean(errors) > AIM_CALIBRATION)
    missed.push(`mean calibration error ${mean(errors).toFixed(3)}, aim ${AIM_CALIBRATION}`);
  return {
    columns: ['project', 'builds', 'AUROC', 'calibration error', 'Brier', 'of the rate', 'of the last', 's'],
    rows,
    notes: ['Beside it: scikit-learn forest trained in blocks .652, calibration error .111 (mean of the five).'],
    figures,
    missed,
  };
}

/** The second half: what was said, the running rate, the last result, and what came. */
function predictInOrder(x: Float64Array, nRows: number, nCols: number, target: number, seed: number) {
  const risk = new FailureRisk({ nCols: nCols - 1, seed });
  const from = Math.floor(nRows / 2);
  const n = nRows - from;
  const said = {
    risk: new Float64Array(n),
    rate: new Float64Array(n),
    last: new Float64Array(n),
    failed: new Uint8Array(n),
  };
  let failures = 0;
  let before = 0;
  for (let i = 0; i < nRows; i++) {
    const row = Float64Array.from(
      { length: nCols - 1 },
      (_, j) => x[i * nCols + (j < target ? j : j + 1)] ?? Number.NaN,
    );
    const failed = x[i * nCols + target] === 1;
    if (i >= from) {
      said.risk[i - from] = risk.predict(row);
      said.rate[i - from] = failures / Math.max(1, i);
      said.last[i - from] = before;
      said.failed[i - from] = failed ? 1 : 0;
    }
    risk.learnOne(row, failed);
    failures += failed ? 1 : 0;
    before = failed ? 1 : 0;
  }
  return said;
}
