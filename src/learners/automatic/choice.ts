/** A learner with parameters that stands for choice. */
export interface Candidate<M> {
  /** The learner's name in the registry. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** What fitting costs, as measured once: ns of one core a row. */
  nsARow(nRows: number, nCols: number): number;
  create(): M;
}

/** What came of a candidate in the backtest. */
export interface Tried {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly error: number;
}

/** The rows of a fold: trained on those before `from`, judged on those up to `to`. */
interface Fold {
  readonly trainedTo: number;
  readonly from: number;
  readonly to: number;
}

export interface SearchOptions {
  /** Nominal milliseconds of one core for the backtest and the last fit: what costs more is left out, so that the answer is the same on every machine. */
  readonly budgetMs: number;
  /** Rows left out between training and judging, where the targets of neighbours overlap. */
  readonly gap: number;
}

const FOLDS = 3;
/** The first share of the rows is trained on only. */
const FIRST_TRAINED = 0.5;
/** Below so many rows nothing is compared: the first candidate serves. */
const LEAST_ROWS = 40;
/** A later, more complex candidate has to be better by so much. */
const LEAD = 0.99;

/**
 * The candidate with the least mean error on later rows than it was trained on: the rows in their order, the second half in
 * three folds, each judged by what was fitted to all rows before it. Candidates are given the simplest first; they take
 * part, in this order, as long as the budget holds, and where only a part of the rows fits into it the latest ones are taken.
 * Returns what was tried, the chosen one first. O(candidates · folds · a fit).
 */
export function chooseByBacktest<M>(
  candidates: readonly Candidate<M>[],
  nRows: number,
  nCols: number,
  options: SearchOptions,
  judge: (candidate: Candidate<M>, first: number, fold: Fold) => number,
): { readonly chosen: Candidate<M>; readonly tried: readonly Tried[] } {
  const [simplest] = candidates;
  const { kept, first } = withinBudget(candidates, nRows, nCols, options.budgetMs);
  const folds = foldsOf(first, nRows, options.gap);
  if (kept.length === 1 || folds.length === 0) return { chosen: simplest, tried: [] };
  const tried = kept.map((candidate) => {
    let sum = 0;
    let weight = 0;
    for (const fold of folds) {
      const error = judge(candidate, first, fold);
      if (!Number.isFinite(error)) continue;
      sum += error * (fold.to - fold.from);
      weight += fold.to - fold.from;
    }
    return { candidate, error: weight > 0 ? sum / weight : Infinity };
  });
  let best = tried[0];
  for (const one of tried) if (one.error < LEAD * best.error) best = one;
  const inOrder = [best, ...tried.filter((one) => one !== best).sort((a, b) => a.error - b.error)];
  return {
    chosen: best.candidate,
    tried: inOrder.map(({ candidate: { name, parameters }, error }) => ({ name, parameters, error })),
  };
}

/** As many candidates as the budget allows; the dearer half of it stays for the last fit, which takes all rows. */
function withinBudget<M>(
  candidates: readonly Candidate<M>[],
  nRows: number,
  nCols: number,
  budgetMs: number,
): { readonly kept: readonly Candidate<M>[]; readonly first: number } {
  const budgetNs = budgetMs * 1e6;
  const share = (FIRST_TRAINED + 1) / 2;
  const cost = (candidate: Candidate<M>, rows: number): number => candidate.nsARow(rows, nCols) * rows;
  const affordable = candidates.filter((candidate, i) => i === 0 || cost(candidate, nRows) <= budgetNs / 2);
  for (let rows = nRows; ; rows = Math.floor(rows / 2)) {
    let spent = 0;
    const kept: Candidate<M>[] = [];
    for (const candidate of affordable) {
      spent += FOLDS * cost(candidate, Math.ceil(rows * share));
      if (kept.length > 0 && spent > budgetNs / 2) break;
      kept.push(candidate);
    }
    // Half of the candidates on all rows are better than all of them on few.
    if (2 * kept.length >= affordable.length || rows < 4 * LEAST_ROWS) return { kept, first: nRows - rows };
  }
}

function foldsOf(first: number, nRows: number, gap: number): Fold[] {
  const n = nRows - first;
  if (n < LEAST_ROWS) return [];
  const bounds = Array.from(
    { length: FOLDS + 1 },
    (_, k) => first + Math.floor(n * (FIRST_TRAINED + (k * (1 - FIRST_TRAINED)) / FOLDS)),
  );
  return bounds.slice(1).flatMap((to, k) => {
    const from = bounds[k];
    const trainedTo = from - gap;
    return trainedTo - first >= LEAST_ROWS / 4 && to > from ? [{ trainedTo, from, to }] : [];
  });
}
