import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auPr, auroc } from '../../src/evaluation/index.ts';
import { learners } from '../../src/learners/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import type { Options } from '../options.ts';
import { publicData, readNpz } from '../tables.ts';
import { runPython } from '../python.ts';
import type { Cell, Report } from '../report.ts';

const TEST_SHARE = 0.3;
const AIM = 0.88;
const AIM_DIFFERENCE = 0.005;

interface Peer {
  readonly version: string;
  readonly isolationForest: Readonly<Record<string, number>>;
  readonly lof: Readonly<Record<string, number>>;
}

/**
 * ADBench: every outlier detector of the registry at its default parameters, trained without labels on 70 %, scored on 30 %,
 * stratified; mean AUROC over seeds. `--seeds 10 --only outlier-ensemble,isolation-forest --sklearn no`
 */
export async function measure(options: Options): Promise<Report> {
  const folder = publicData('adbench');
  const nSeeds = options.number('seeds', 10);
  const only = options.text('only', '');
  const chosen = learners
    .filter((entry) => entry.kind === 'outlier')
    .filter((entry) => only === '' || only.split(',').includes(entry.name));
  const sets = readdirSync(folder)
    .filter((name) => name.endsWith('.npz'))
    .map((name) => name.slice(0, -4))
    .sort();
  const splits: Record<string, number[][]> = {};
  const means = new Map<string, { auroc: number[]; auPr: number[] }>();
  for (const entry of chosen) means.set(entry.name, { auroc: [], auPr: [] });
  for (const set of sets) {
    const arrays = readNpz(join(folder, `${set}.npz`));
    const x = arrays.get('X');
    const y = arrays.get('y');
    if (x === undefined || y === undefined) throw new Error(`${set}.npz has no X and y.`);
    const nCols = x.shape[1] ?? 1;
    splits[set] = Array.from({ length: nSeeds }, (_, seed) => testRows(y.values, seed));
    for (const entry of chosen) {
      let area = 0;
      let precision = 0;
      for (let seed = 0; seed < nSeeds; seed++) {
        const isTest = new Uint8Array(y.values.length);
        for (const row of splits[set]?.[seed] ?? []) isTest[row] = 1;
        const train = pick(x.values, nCols, isTest, 0);
        const test = pick(x.values, nCols, isTest, 1);
        const labels = Uint8Array.from(y.values.filter((_, i) => isTest[i] === 1));
        const model = entry.create({}, seed).fit(train, train.length / nCols, nCols);
        const scores = model.scoreAll(test, labels.length);
        area += auroc(scores, labels) / nSeeds;
        precision += auPr(scores, labels) / nSeeds;
      }
      means.get(entry.name)?.auroc.push(area);
      means.get(entry.name)?.auPr.push(precision);
    }
  }
  const peer =
    options.text('sklearn', 'yes') === 'yes' ? peerOn(folder, splits) : { answer: null, why: 'not asked for' };
  return reportOf(sets, means, peer.answer as Peer | null, peer.why, nSeeds);
}

function reportOf(
  sets: readonly string[],
  means: ReadonlyMap<string, { auroc: number[]; auPr: number[] }>,
  peer: Peer | null,
  why: string,
  nSeeds: number,
): Report {
  const rows: Cell[][] = [];
  const figures: Record<string, unknown> = { seeds: nSeeds };
  for (const [name, mean] of means) {
    rows.push([name, average(mean.auroc), average(mean.auPr), ...mean.auroc]);
    figures[name] = {
      auroc: average(mean.auroc),
      auPr: average(mean.auPr),
      bySet: Object.fromEntries(sets.map((set, k) => [set, mean.auroc[k]])),
    };
  }
  const notes = ['Published on these sets, same protocol: isolation forest .850, LOF .708 (scikit-learn).'];
  const missed: string[] = [];
  if (peer === null) notes.push(`scikit-learn was not run: ${why}.`);
  else {
    for (const [label, by] of [
      ['scikit-learn isolation forest', peer.isolationForest],
      ['scikit-learn LOF', peer.lof],
    ] as const) {
      const areas = sets.map((set) => by[set] ?? Number.NaN);
      rows.push([label, average(areas), null, ...areas]);
      figures[label] = { auroc: average(areas), bySet: by };
    }
    notes.push(`scikit-learn ${peer.version}, default parameters, on the same splits.`);
    const own = means.get('isolation-forest');
    const theirs = average(sets.map((set) => peer.isolationForest[set] ?? Number.NaN));
    if (own !== undefined && Math.abs(average(own.auroc) - theirs) > AIM_DIFFERENCE) {
      missed.push(`isolation forest ${average(own.auroc).toFixed(4)} against scikit-learn's ${theirs.toFixed(4)}`);
    }
  }
  const ensemble = means.get('outlier-ensemble');
  if (ensemble !== undefined && average(ensemble.auroc) < AIM) {
    missed.push(`ensemble ${average(ensemble.auroc).toFixed(4)}, aim ${AIM}`);
  }
  return {
    columns: ['detector', 'AUROC', 'AUPR', ...sets.map((s) => s.replace(/^\d+_/, ''))],
    rows,
    notes,
    figures,
    missed,
  };
}

function peerOn(folder: string, splits: Record<string, number[][]>): { answer: unknown; why: string } {
  const place = mkdtempSync(join(tmpdir(), 'auspex-bench-'));
  try {
    const file = join(place, 'splits.json');
    writeFileSync(file, JSON.stringify(splits));
    return runPython('adbench_sklearn.py', [folder, file]);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** A random 30 % of each class. */
function testRows(y: Float64Array, seed: number): number[] {
  const random = new SeededRandom(seed);
  const out: number[] = [];
  for (const label of [0, 1]) {
    const rows = [...y.keys()].filter((i) => y[i] === label);
    const n = Math.round(rows.length * TEST_SHARE);
    for (let i = 0; i < n; i++) {
      const j = i + random.integer(rows.length - i);
      [rows[i], rows[j]] = [rows[j] ?? 0, rows[i] ?? 0];
    }
    out.push(...rows.slice(0, n));
  }
  return out;
}

function pick(x: Float64Array, nCols: number, mark: Uint8Array, wanted: number): Float64Array {
  const rows = [...mark.keys()].filter((i) => mark[i] === wanted);
  const out = new Float64Array(rows.length * nCols);
  rows.forEach((row, i) => out.set(x.subarray(row * nCols, (row + 1) * nCols), i * nCols));
  return out;
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
