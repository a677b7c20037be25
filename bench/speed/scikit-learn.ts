import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GradientBoostingClassifier,
  GradientBoostingRegressor,
  IsolationForest,
  LocalOutlierFactor,
  RandomForestClassifier,
  RandomForestRegressor,
} from '../../src/learners/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import type { Options } from '../options.ts';
import { runPython } from '../python.ts';
import type { Cell, Report } from '../report.ts';

const AIM = 0.5;
const AIM_ONE_ROW_MS = 0.05;
/** One count of bins for both: scikit-learn's own default is the most there is. */
const MAX_BINS = 255;
/** And ours with the bins that it has by default. */
const OWN_BINS = ', 64 bins';

interface Timing {
  fit: number;
  predict: number;
  quality?: number;
}

interface Data {
  readonly x: Float64Array;
  readonly label: Float64Array;
  readonly target: Float64Array;
  readonly nRows: number;
  readonly nCols: number;
  readonly nTest: number;
}

/** One thread of ours beside one of scikit-learn, the same data, one after the other. `--rows 10000 --cols 20 --repeats 7` */
export async function measure(options: Options): Promise<Report> {
  const data = made(options.number('rows', 10_000), options.number('cols', 20));
  const repeats = options.number('repeats', 7);
  const ours = timeOurs(data, repeats);
  const peer = timePeer(data, repeats);
  const theirs = peer.answer as (Record<string, Timing> & { version: string; 'one row': number }) | null;
  const rows: Cell[][] = [];
  const figures: Record<string, unknown> = { rows: data.nRows - data.nTest, testRows: data.nTest, cols: data.nCols };
  const missed: string[] = [];
  for (const [name, own] of Object.entries(ours.timings)) {
    const other = theirs?.[name.replace(OWN_BINS, '')];
    const fit = other === undefined ? null : own.fit / other.fit;
    const predict = other === undefined ? null : own.predict / other.predict;
    rows.push([
      name,
      ms(own.fit),
      ms(other?.fit),
      fit,
      ms(own.predict),
      ms(other?.predict),
      predict,
      own.quality ?? null,
      other?.quality ?? null,
    ]);
    figures[name] = { own, scikitLearn: other ?? null, fit, predict };
    if (fit !== null && fit > AIM) missed.push(`${name}: fit ${fit.toFixed(2)} ×, aim ${AIM}`);
    if (predict !== null && predict > AIM) missed.push(`${name}: predict ${predict.toFixed(2)} ×, aim ${AIM}`);
  }
  rows.push(['isolation forest, one row', null, null, null, ours.oneRowMs, ms(theirs?.['one row']), null, null, null]);
  figures['oneRowMs'] = { own: ours.oneRowMs, scikitLearn: ms(theirs?.['one row']) };
  if (ours.oneRowMs > AIM_ONE_ROW_MS) missed.push(`one row in ${ours.oneRowMs.toFixed(3)} ms, aim ${AIM_ONE_ROW_MS}`);
  return {
    columns: [
      'learner',
      'fit ms',
      'scikit-learn',
      'ratio',
      'predict ms',
      'scikit-learn',
      'ratio',
      'quality',
      'scikit-learn',
    ],
    rows,
    notes: [
      theirs === null
        ? `scikit-learn was not run: ${peer.why}.`
        : `scikit-learn ${theirs.version}, one thread each; CPU time, least of ${repeats}.`,
      `${data.nRows - data.nTest} rows to fit, ${data.nTest} to predict, ${data.nCols} columns; ${MAX_BINS} bins in both boostings, but for the lines that say otherwise (both at their defaults).`,
      'Quality: accuracy of classifiers, mean squared error of regressors, on the rows to predict.',
    ],
    figures,
    missed,
  };
}

function ms(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}

/** Groups with an edge between two classes and a curved target; a tenth of the columns means nothing. */
function made(nRows: number, nCols: number): Data {
  const random = new SeededRandom(4);
  const x = Float64Array.from({ length: nRows * nCols }, () => random.normal());
  const label = new Float64Array(nRows);
  const target = new Float64Array(nRows);
  for (let i = 0; i < nRows; i++) {
    const row = x.subarray(i * nCols, (i + 1) * nCols);
    if (i % 3 === 0) for (let j = 0; j < nCols; j++) row[j] += 2;
    const at = (j: number): number => row[j % nCols] ?? 0;
    const signal = at(0) * at(1) + Math.sin(2 * at(2)) + at(3) - 0.5 * at(4) ** 2;
    target[i] = signal + random.normal() * 0.5;
    label[i] = signal + random.normal() > 0 ? 1 : 0;
  }
  return { x, label, target, nRows, nCols, nTest: Math.floor(nRows / 4) };
}

function timeOurs(data: Data, repeats: number): { timings: Record<string, Timing>; oneRowMs: number } {
  const { nTest, nCols, nRows } = data;
  const train = data.x.slice(nTest * nCols);
  const test = data.x.slice(0, nTest * nCols);
  const n = nRows - nTest;
  const label = data.label.slice(nTest);
  const target = data.target.slice(nTest);
  const boosting = { nRounds: 100, maxLeaves: 31, learningRate: 0.1, maxBins: MAX_BINS, seed: 1 };
  const accuracy = (p: Float64Array): number =>
    p.reduce((sum, value, k) => sum + (k % 2 === 1 && value > 0.5 === (data.label[k >> 1] === 1) ? 1 : 0), 0) / nTest;
  const squared = (p: Float64Array): number =>
    p.reduce((sum, value, i) => sum + (value - (data.target[i] ?? 0)) ** 2, 0) / nTest;
  const timed = <M>(
    fit: () => M,
    predict: (model: M) => Float64Array,
    quality?: (p: Float64Array) => number,
  ): Timing => {
    const [fitSeconds, model] = least(fit, repeats);
    const [predictSeconds, answer] = least(() => predict(model), repeats);
    return { fit: fitSeconds, predict: predictSeconds, ...(quality && { quality: quality(answer) }) };
  };
  const timings = {
    'forest classifier': timed(
      () => new RandomForestClassifier({ nTrees: 100, seed: 1 }).fit(train, label, n, nCols),
      (model) => model.probabilitiesAll(test, nTest),
      accuracy,
    ),
    'forest regressor': timed(
      () => new RandomForestRegressor({ nTrees: 100, seed: 1 }).fit(train, target, n, nCols),
      (model) => model.predictAll(test, nTest),
      squared,
    ),
    [`boosting classifier${OWN_BINS}`]: timed(
      () => new GradientBoostingClassifier({ ...boosting, maxBins: 64 }).fit(train, label, n, nCols),
      (model) => model.probabilitiesAll(test, nTest),
      accuracy,
    ),
    'boosting classifier': timed(
      () => new GradientBoostingClassifier(boosting).fit(train, label, n, nCols),
      (model) => model.probabilitiesAll(test, nTest),
      accuracy,
    ),
    [`boosting regressor${OWN_BINS}`]: timed(
      () => new GradientBoostingRegressor({ ...boosting, maxBins: 64 }).fit(train, target, n, nCols),
      (model) => model.predictAll(test, nTest),
      squared,
    ),
    'boosting regressor': timed(
      () => new GradientBoostingRegressor(boosting).fit(train, target, n, nCols),
      (model) => model.predictAll(test, nTest),
      squared,
    ),
    'isolation forest': timed(
      () => new IsolationForest({ nTrees: 100, seed: 1 }).fit(train, n, nCols),
      (model) => model.scoreAll(test, nTest),
    ),
    'local outlier factor': timed(
      () => new LocalOutlierFactor({ nNeighbours: 20, scaling: 0, seed: 1 }).fit(train, n, nCols),
      (model) => model.scoreAll(test, nTest),
    ),
  };
  const forest = new IsolationForest({ nTrees: 100, seed: 1 }).fit(train, n, nCols);
  const row = test.slice(0, nCols);
  const [seconds] = least(() => {
    for (let k = 0; k < 1000; k++) forest.score(row);
    return 0;
  }, repeats);
  return { timings, oneRowMs: seconds };
}

/** Seconds of CPU, all threads of the process together: on a shared machine the clock on the wall tells of the others. */
function least<T>(work: () => T, repeats: number): [number, T] {
  let best = Infinity;
  let result = work();
  for (let k = 0; k < repeats; k++) {
    const started = process.cpuUsage();
    result = work();
    const { user, system } = process.cpuUsage(started);
    best = Math.min(best, user + system);
  }
  return [best / 1e6, result];
}

function timePeer(data: Data, repeats: number): { answer: unknown; why: string } {
  const place = mkdtempSync(join(tmpdir(), 'auspex-bench-'));
  try {
    const file = join(place, 'data.f8');
    const all = new Float64Array(data.x.length + 2 * data.nRows);
    all.set(data.x);
    all.set(data.label, data.x.length);
    all.set(data.target, data.x.length + data.nRows);
    writeFileSync(file, new Uint8Array(all.buffer));
    const spec = join(place, 'data.json');
    const { nRows, nCols, nTest } = data;
    writeFileSync(spec, JSON.stringify({ file, nRows, nCols, nTest, repeats, maxBins: MAX_BINS }));
    return runPython('speed_sklearn.py', [spec]);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
