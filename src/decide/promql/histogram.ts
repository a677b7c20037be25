import { type Labels, labelsKey, labelValue, METRIC_NAME } from '../../model/index.ts';
import { numberOf } from './literals.ts';
import { type InstantSample, labelsWithout } from './values.ts';

interface Bucket {
  readonly bound: number;
  count: number;
}

const EXCLUDED: ReadonlySet<string> = new Set([METRIC_NAME, 'le']);

/** `histogram_quantile` over buckets with an `le`; series without one, or with one that is no number, take no part. */
export function histogramQuantile(phi: number, samples: readonly InstantSample[]): InstantSample[] {
  const histograms = new Map<string, { readonly labels: Labels; readonly buckets: Bucket[] }>();
  for (const { labels, value } of samples) {
    const le = labelValue(labels, 'le');
    const bound = le === undefined || le === '' ? Number.NaN : numberOf(le);
    if (Number.isNaN(bound)) continue;
    const own = labelsWithout(labels, EXCLUDED);
    const key = labelsKey(own);
    let histogram = histograms.get(key);
    if (histogram === undefined) histograms.set(key, (histogram = { labels: own, buckets: [] }));
    histogram.buckets.push({ bound, count: value });
  }
  return [...histograms.values()].map(({ labels, buckets }) => ({ labels, value: bucketQuantile(phi, buckets) }));
}

function bucketQuantile(phi: number, given: readonly Bucket[]): number {
  if (Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  const buckets = monotonic(given);
  const last = buckets.at(-1);
  if (last === undefined || last.bound !== Number.POSITIVE_INFINITY) return Number.NaN;
  if (buckets.length < 2 || last.count === 0 || Number.isNaN(last.count)) return Number.NaN;
  let rank = phi * last.count;
  let at = buckets.findIndex(({ count }) => count >= rank);
  if (at < 0) at = buckets.length - 1;
  if (at === buckets.length - 1) return buckets[buckets.length - 2]?.bound ?? Number.NaN;
  const bucket = buckets[at] as Bucket;
  const before = buckets[at - 1];
  if (before === undefined && bucket.bound <= 0) return bucket.bound;
  const start = before?.bound ?? 0;
  rank -= before?.count ?? 0;
  return start + (bucket.bound - start) * (rank / (bucket.count - (before?.count ?? 0)));
}

/** By bounds ascending, equal bounds added up, counts never falling: scrapes of one moment need not agree. */
function monotonic(given: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const { bound, count } of [...given].sort((a, b) => a.bound - b.bound)) {
    const last = merged.at(-1);
    if (last !== undefined && last.bound === bound) last.count += count;
    else merged.push({ bound, count });
  }
  let most = Number.NEGATIVE_INFINITY;
  for (const bucket of merged) {
    if (bucket.count > most) most = bucket.count;
    else if (bucket.count < most) bucket.count = most;
  }
  return merged;
}
