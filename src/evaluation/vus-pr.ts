import { spansOf, type Span } from './events.ts';

/**
 * Volume under the surface of precision and recall (Paparrizos et al. 2022, the variant of TSB-AD): the area under the
 * range-based curve, averaged over buffers of 0 … `maxBuffer` rows in whose halves around each event a score counts in part.
 * No threshold to choose, nothing adjusted. NaN without events or without anything else. O(n log n + maxBuffer · n).
 */
export function vusPr(scores: Float64Array, isAnomaly: Uint8Array, maxBuffer = 100, nThresholds = 250): number {
  const n = scores.length;
  const events = spansOf(isAnomaly);
  if (events.length === 0 || n < 2) return Number.NaN;
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const nPredicted = thresholdCounts(scores, order, nThresholds);
  let nAnomalous = 0;
  for (const label of isAnomaly) nAnomalous += label ? 1 : 0;
  // Rows inside the widest buffers count, whatever the buffer at hand.
  const inWidest = new Uint8Array(n);
  for (const span of merged(events, maxBuffer, n)) inWidest.fill(1, span.from, span.to + 1);
  let sum = 0;
  for (let buffer = 0; buffer <= maxBuffer; buffer++) {
    const labels = softLabels(events, buffer, n);
    const spans = merged(events, buffer, n);
    const best = spans.map((span) => highest(scores, span)).sort((a, b) => b - a);
    sum += areaUnder({ order, scores, labels, inWidest, isAnomaly, nPredicted, best, nAnomalous });
  }
  return sum / (maxBuffer + 1);
}

interface Surface {
  readonly order: Uint32Array;
  readonly scores: Float64Array;
  readonly labels: Float64Array;
  readonly inWidest: Uint8Array;
  readonly isAnomaly: Uint8Array;
  readonly nPredicted: Int32Array;
  /** Highest score inside each event with its buffer, highest first. */
  readonly best: readonly number[];
  readonly nAnomalous: number;
}

/** One buffer's area: recall (by half of the buffered labels, times the share of events met) against precision. */
function areaUnder(surface: Surface): number {
  const { order, scores, labels, inWidest, isAnomaly, nPredicted, best, nAnomalous } = surface;
  let area = 0;
  let recallBefore = 0;
  let at = 0;
  let truePositives = 0;
  // Labels of events count whether they are met or not, those of buffers only where they are.
  let nLabels = nAnomalous;
  let met = 0;
  for (const predicted of nPredicted) {
    for (; at < predicted; at++) {
      const i = order[at];
      if (inWidest[i] === 0) continue;
      truePositives += isAnomaly[i] ? 1 : labels[i];
      if (!isAnomaly[i]) nLabels += labels[i];
    }
    const threshold = scores[order[predicted - 1]];
    while (met < best.length && best[met] >= threshold) met++;
    const recall = Math.min(truePositives / ((nAnomalous + nLabels) / 2), 1) * (met / best.length);
    area += (recall - recallBefore) * (truePositives / predicted);
    recallBefore = recall;
  }
  return area;
}

/** How many rows score at least as high as each threshold; thresholds are scores at even ranks. */
function thresholdCounts(scores: Float64Array, order: Uint32Array, nThresholds: number): Int32Array {
  const n = order.length;
  return Int32Array.from({ length: nThresholds }, (_, k) => {
    const rank = nThresholds > 1 ? Math.floor((k * (n - 1)) / (nThresholds - 1)) : 0;
    const threshold = scores[order[rank]];
    let low = rank;
    let high = n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (scores[order[middle]] >= threshold) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** 1 inside events, falling off as √(1 − distance ÷ buffer) for half a buffer around them. */
function softLabels(events: readonly Span[], buffer: number, n: number): Float64Array {
  const labels = new Float64Array(n);
  const half = buffer >> 1;
  for (const { from, to } of events) {
    for (let i = from; i <= to; i++) labels[i] += 1;
    for (let d = 1; d <= half; d++) {
      const share = Math.sqrt(1 - d / buffer);
      if (to + d < n) labels[to + d] += share;
      if (from - d >= 0) labels[from - d] += share;
    }
  }
  return labels.map((label) => Math.min(1, label));
}

/** Events with half a buffer on either side; those that touch are one. */
function merged(events: readonly Span[], buffer: number, n: number): Span[] {
  const half = buffer >> 1;
  const out: Span[] = [];
  let from = Math.max(events[0].from - half, 0);
  for (let k = 0; k < events.length - 1; k++) {
    if (events[k].to + half >= events[k + 1].from - half) continue;
    out.push({ from, to: events[k].to + half });
    from = events[k + 1].from - half;
  }
  out.push({ from, to: Math.min(events[events.length - 1].to + half, n - 1) });
  return out;
}

function highest(scores: Float64Array, span: Span): number {
  let most = -Infinity;
  for (let i = span.from; i <= span.to; i++) most = Math.max(most, scores[i]);
  return most;
}
