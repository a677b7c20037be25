import { quantileOfSorted } from '../../stats/quantile.ts';

/** What boosting lowers. `raw` holds nGroups numbers a row: the sums of the trees so far. */
export interface BoostingLoss {
  /** Trees grown each round: one, or one a class. */
  readonly nGroups: number;
  initial(y: Float64Array, weight: Float64Array): Float64Array;
  /** Writes first and second derivatives by the group's raw sum, times the rows' weights. */
  derivatives(
    y: Float64Array,
    raw: Float64Array,
    weight: Float64Array,
    group: number,
    g: Float64Array,
    h: Float64Array,
  ): void;
  /** Mean loss of some rows. */
  mean(y: Float64Array, raw: Float64Array, weight: Float64Array, rows: Int32Array): number;
  /** The best value of a leaf from the residuals of its rows, where derivatives do not tell it. */
  leafValue?(residuals: Float64Array): number;
}

/** (y − raw)² ÷ 2 */
export const squaredLoss: BoostingLoss = {
  nGroups: 1,
  initial: (y, weight) => Float64Array.of(weightedMean(y, weight)),
  derivatives: (y, raw, weight, _group, g, h) => {
    for (let i = 0; i < y.length; i++) {
      g[i] = weight[i] * (raw[i] - y[i]);
      h[i] = weight[i];
    }
  },
  mean: (y, raw, weight, rows) => meanOver(weight, rows, (i) => (y[i] - raw[i]) ** 2 / 2),
};

/** Pinball loss: the leaf values are the quantiles of the residuals (Friedman 2001, as for absolute loss). */
export function quantileLoss(quantile: number): BoostingLoss {
  return {
    nGroups: 1,
    initial: (y) => Float64Array.of(quantileOfSorted(Float64Array.from(y).sort(), quantile)),
    derivatives: (y, raw, weight, _group, g, h) => {
      for (let i = 0; i < y.length; i++) {
        g[i] = weight[i] * (y[i] > raw[i] ? -quantile : 1 - quantile);
        h[i] = weight[i];
      }
    },
    mean: (y, raw, weight, rows) =>
      meanOver(weight, rows, (i) => (y[i] > raw[i] ? quantile : quantile - 1) * (y[i] - raw[i])),
    leafValue: (residuals) => quantileOfSorted(residuals.sort(), quantile),
  };
}

/** −ln of the probability of what happened, two classes: raw is the logit of class 1. */
export const logLoss: BoostingLoss = {
  nGroups: 1,
  initial: (y, weight) => {
    const share = Math.max(1e-6, Math.min(1 - 1e-6, weightedMean(y, weight)));
    return Float64Array.of(Math.log(share / (1 - share)));
  },
  derivatives: (y, raw, weight, _group, g, h) => {
    for (let i = 0; i < y.length; i++) {
      const p = 1 / (1 + Math.exp(-raw[i]));
      g[i] = weight[i] * (p - y[i]);
      h[i] = weight[i] * Math.max(p * (1 - p), 1e-12);
    }
  },
  mean: (y, raw, weight, rows) =>
    meanOver(weight, rows, (i) => {
      const margin = y[i] === 1 ? raw[i] : -raw[i];
      return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
    }),
};

/** The same for more classes: raw sums go through softmax. */
export function softmaxLoss(nClasses: number): BoostingLoss {
  const logSum = (raw: Float64Array, i: number): number => {
    let most = -Infinity;
    for (let k = 0; k < nClasses; k++) most = Math.max(most, raw[i * nClasses + k]);
    let sum = 0;
    for (let k = 0; k < nClasses; k++) sum += Math.exp(raw[i * nClasses + k] - most);
    return most + Math.log(sum);
  };
  return {
    nGroups: nClasses,
    initial: (y, weight) => {
      const shares = new Float64Array(nClasses);
      let whole = 0;
      for (let i = 0; i < y.length; i++) {
        shares[y[i]] += weight[i];
        whole += weight[i];
      }
      return shares.map((share) => Math.log(Math.max(share / whole, 1e-6)));
    },
    derivatives: (y, raw, weight, group, g, h) => {
      for (let i = 0; i < y.length; i++) {
        const p = Math.exp(raw[i * nClasses + group] - logSum(raw, i));
        g[i] = weight[i] * (p - (y[i] === group ? 1 : 0));
        h[i] = weight[i] * Math.max(p * (1 - p), 1e-12);
      }
    },
    mean: (y, raw, weight, rows) => meanOver(weight, rows, (i) => logSum(raw, i) - raw[i * nClasses + y[i]]),
  };
}

function weightedMean(y: Float64Array, weight: Float64Array): number {
  let sum = 0;
  let whole = 0;
  for (let i = 0; i < y.length; i++) {
    sum += y[i] * weight[i];
    whole += weight[i];
  }
  return sum / whole;
}

function meanOver(weight: Float64Array, rows: Int32Array, term: (i: number) => number): number {
  let sum = 0;
  let whole = 0;
  for (const i of rows) {
    sum += weight[i] * term(i);
    whole += weight[i];
  }
  return sum / whole;
}
