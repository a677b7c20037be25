import { CivilTime } from './civil-time.ts';
import { featureIndex, features } from './features.ts';
import { type Expectation, expectedAt, expectedOf, GAP_INTERVALS, observe, setHoliday } from './metric-model.ts';
import { possibleRange } from './series-traits.ts';
import { F32, F64, FLAG, RECORD_BYTES, SeriesSlab } from './series-slab.ts';

/** A series' samples, the oldest first, with those before the range that the model learns from. */
export interface BandRequest {
  readonly metric: string;
  /** A total only grows, and its band is of its rate a second; a rate has been worked out already. */
  readonly shape: 'gauge' | 'total' | 'rate';
  /** IANA name of the entity's civil time. */
  readonly timeZone: string;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** The samples end before the range, and all of it is foretold from them: what a fault in it did is no part of what is usual. */
  readonly isAhead?: boolean;
  /** Times that are not learnt, or not as workdays, the earliest first, none within another. */
  readonly untaught?: readonly { readonly from: number; readonly to: number; readonly teaching: 'holiday' | 'apart' }[];
}

/** By step of the range; NaN while the series is learnt, and where nothing had come for a while. */
export interface BandHistory {
  readonly times: Float64Array;
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

const QUARTER_MS = 900_000;

/**
 * What was expected of a series at each step of a range before that step's samples were seen: the samples go through the
 * model that the detector has, and the band is read as it stood at the step's begin. A step wider than a quarter of an
 * hour is the mean of its quarters, or a day's rhythm would be read at one time of the day only.
 *
 * It knows samples alone: what a person called normal, and what is held back while a host is in an episode, is missing in
 * it, so after faults a live band can be a little narrower. O(samples), about 130 ns each.
 */
export function replayBand(request: BandRequest): BandHistory {
  const { metric, times, values, from, to, stepMs } = request;
  const feature = features[featureIndex(metric)];
  const floor = feature?.floor ?? 0;
  const slab = new SeriesSlab();
  const flags = (request.shape === 'total' ? FLAG.counter : 0) | (feature === undefined ? 0 : FLAG.quarantine);
  const slot = slab.allocate(0, flags);
  const page = slab.page(slot);
  const base = slab.base(slot);
  const zone = new CivilTime().zone(request.timeZone);
  const { least, most } = possibleRange(metric, request.shape !== 'gauge');

  const first = Math.floor(from / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((to - first) / stepMs) + 1);
  const parts = Math.ceil(stepMs / QUARTER_MS);
  const band: BandHistory = {
    times: new Float64Array(count),
    mean: new Float64Array(count),
    lower: new Float64Array(count),
    upper: new Float64Array(count),
  };
  let next = 0;
  let untaught = 0;
  let kept: Uint8Array | null = null;
  /** As the detector does it: what is not learnt goes on on the state, which is put back afterwards. */
  const teach = (at: number): void => {
    const all = request.untaught ?? [];
    while (untaught < all.length && at >= all[untaught].to) untaught++;
    const now = untaught < all.length && at >= all[untaught].from ? all[untaught].teaching : 'learn';
    if (kept !== null && now !== 'apart') {
      page.bytes.set(kept, base);
      kept = null;
    } else if (kept === null && now === 'apart') kept = page.bytes.slice(base, base + RECORD_BYTES);
    setHoliday(page, base, now === 'holiday');
  };
  const now = (at: number): Expectation | null => {
    const silentMs = at - slab.f64(slot, F64.lastTime);
    if (silentMs > 1000 * GAP_INTERVALS * slab.f32(slot, F32.interval)) return null;
    return expectedOf(slab, slot, floor);
  };
  const ahead = (at: number): Expectation | null => {
    teach(at);
    return expectedAt(slab, slot, floor, at + zone.offsetAt(at));
  };
  for (let step = 0; step < count; step++) {
    let known = 0;
    band.times[step] = first + step * stepMs;
    for (let part = 0; part < parts; part++) {
      const at = band.times[step] + (part * stepMs) / parts;
      if (at > to) break;
      for (; next < times.length && times[next] < at; next++) {
        teach(times[next]);
        observe(page, base, times[next], values[next], zone.offsetAt(times[next]), floor);
      }
      const expected = request.isAhead === true ? ahead(at) : now(at);
      if (expected === null) continue;
      known++;
      band.mean[step] += expected.mean;
      band.lower[step] += Math.max(least, expected.lower);
      band.upper[step] += Math.min(most, expected.upper);
    }
    // Without any it is 0 ÷ 0: not known.
    band.mean[step] /= known;
    band.lower[step] /= known;
    band.upper[step] /= known;
  }
  return band;
}
