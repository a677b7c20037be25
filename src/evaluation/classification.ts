/**
 * Area under the ROC curve: the chance that an anomaly scores higher than a normal row, ties counting half. NaN when
 * one of the classes is empty. O(n log n).
 */
export function auroc(scores: Float64Array, isPositive: Uint8Array): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < order.length; ) {
    let end = i + 1;
    while (end < order.length && scores[order[end]] === scores[order[i]]) end++;
    const midrank = (i + 1 + end) / 2;
    for (let k = i; k < end; k++) {
      if (isPositive[order[k]] === 0) continue;
      positives++;
      rankSum += midrank;
    }
    i = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * Area under the curve of precision and recall, as average precision: the mean precision at each positive, rows of one
 * score taken together. The share of positives for scores that tell nothing. NaN without positives. O(n log n).
 */
export function auPr(scores: Float64Array, isPositive: Uint8Array): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  let positives = 0;
  let area = 0;
  for (let i = 0; i < order.length; ) {
    let end = i;
    const before = positives;
    while (end < order.length && scores[order[end]] === scores[order[i]]) positives += isPositive[order[end++]] ? 1 : 0;
    area += ((positives - before) * positives) / end;
    i = end;
  }
  return positives > 0 ? area / positives : Number.NaN;
}

/** Mean squared difference of a stated probability and what happened (Brier 1950): 0 is perfect, 0.25 a coin. */
export function brierScore(probabilities: Float64Array, happened: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) sum += (probabilities[i] - (happened[i] ? 1 : 0)) ** 2;
  return sum / probabilities.length;
}

/**
 * Expected calibration error over bins of equal mass: the mean distance between what was stated and what happened in
 * each bin, weighted by its rows. Biased upwards on few rows (two rows a bin at least). O(n log n).
 */
export function calibrationError(probabilities: Float64Array, happened: Uint8Array, nBins = 10): number {
  const n = probabilities.length;
  const order = Uint32Array.from(probabilities, (_, i) => i).sort(
    (a, b) => probabilities[a] - probabilities[b] || a - b,
  );
  let error = 0;
  for (let bin = 0; bin < nBins; bin++) {
    const from = Math.floor((bin * n) / nBins);
    const to = Math.floor(((bin + 1) * n) / nBins);
    let stated = 0;
    let observed = 0;
    for (let k = from; k < to; k++) {
      stated += probabilities[order[k]];
      observed += happened[order[k]] ? 1 : 0;
    }
    error += Math.abs(stated - observed) / n;
  }
  return error;
}
