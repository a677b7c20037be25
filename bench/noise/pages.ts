import type { FleetMember, FleetSeries } from './fleet.ts';

/* Who would have been woken, by what people usually set up. A page is one stretch of time in which anything of one host or series fires. */

export interface Page {
  readonly member: string;
  /** When somebody was told. */
  readonly at: number;
  /** Until when it went on. */
  readonly to: number;
}

export interface Outcome {
  readonly pagesAWeek: number;
  /** Of the labelled events, those with a page. */
  readonly found: number;
  readonly events: number;
  readonly medianMinutes: number;
}

/** A page this long behind an event's end still tells of it. */
const LATE_MS = 15 * 60_000;
const WEEK = 7 * 86_400_000;

export function judge(pages: readonly Page[], members: readonly FleetMember[], spanMs: number): Outcome {
  const delays: number[] = [];
  let events = 0;
  for (const member of members) {
    const own = pages.filter((page) => page.member === member.name);
    for (const { from, to } of member.events) {
      events++;
      const first = own.filter((page) => page.at >= from && page.at <= to + LATE_MS).map((page) => page.at - from);
      if (first.length > 0) delays.push(Math.min(...first) / 60_000);
    }
  }
  delays.sort((a, b) => a - b);
  return {
    pagesAWeek: pages.length / (spanMs / WEEK),
    found: delays.length,
    events,
    medianMinutes: delays[delays.length >> 1] ?? Number.NaN,
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Stretches in which a condition held for `forMs` at least; what tells nothing for three of its intervals does not go on. */
function firing({ times, values }: FleetSeries, forMs: number, isBad: (value: number, i: number) => boolean): Span[] {
  const spans: { from: number; to: number }[] = [];
  let since = Number.NaN;
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  for (let i = 0; i < times.length; i++) {
    const at = times[i] as number;
    const isGap = i > 0 && at - (times[i - 1] as number) > 3 * step;
    if (!isBad(values[i] as number, i)) {
      since = Number.NaN;
      continue;
    }
    if (Number.isNaN(since) || isGap) since = at;
    if (at - since < forMs) continue;
    const last = spans.at(-1);
    if (last !== undefined && !isGap && i > 0 && last.to === times[i - 1]) last.to = at;
    else spans.push({ from: at, to: at });
  }
  return spans;
}

/** One page a stretch in which anything of a member fires; what comes back within five minutes is the same. */
function pagesOf(member: FleetMember, spans: readonly Span[]): Page[] {
  const pages: { member: string; at: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = pages.at(-1);
    if (last !== undefined && from - last.to <= 300_000) last.to = Math.max(last.to, to);
    else pages.push({ member: member.name, at: from, to });
  }
  return pages;
}

/**
 * The mean and deviation of the day before each point; NaN until there is half a day of them. Sums are kept as points come
 * and go: O(points).
 */
interface Rolling {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

const WINDOW_MS = 86_400_000;

export function rolling({ times, values }: FleetSeries): Rolling {
  const mean = new Float64Array(times.length).fill(Number.NaN);
  const deviation = new Float64Array(times.length).fill(Number.NaN);
  const offset = values[0] ?? 0;
  let [first, sum, squares] = [0, 0, 0];
  for (let i = 0; i < times.length; i++) {
    const at = times[i] as number;
    for (; (times[first] as number) < at - WINDOW_MS; first++) {
      const gone = (values[first] as number) - offset;
      sum -= gone;
      squares -= gone * gone;
    }
    const count = i - first;
    if (count > 0 && at - (times[0] as number) >= WINDOW_MS / 2) {
      mean[i] = offset + sum / count;
      deviation[i] = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
    }
    const come = (values[i] as number) - offset;
    sum += come;
    squares += come * come;
  }
  return { mean, deviation };
}

/** Each series against its last day: further than `k` deviations off for five minutes. */
export function sigmaPages(
  members: readonly FleetMember[],
  rolled: ReadonlyMap<FleetSeries, Rolling>,
  k: number,
): Page[] {
  return members.flatMap((member) =>
    pagesOf(
      member,
      member.series.flatMap((series) => {
        const { mean, deviation } = rolled.get(series) as Rolling;
        return firing(series, 300_000, (value, i) => {
          const sd = deviation[i] as number;
          return Math.abs(value - (mean[i] as number)) > k * sd + 1e-9;
        });
      }),
    ),
  );
}

export interface MappedRule {
  readonly rule: string;
  readonly columns: RegExp;
  readonly limit: number;
  readonly forMs: number;
}

/**
 * The node_exporter mixin's rules that these columns allow, with its limits and durations. NAB's CPU is in percent; SMD is scaled to 0..1 by
 * each column's own range, so that a limit there is a share of the most that was ever seen. The mixin's load (2 a core) and queue (10)
 * have no such share: they are taken at the top tenth too. NodeFilesystem…, NodeMemoryMajorPagesFaults, NodeClock…, NodeRAID… and systemd have no column.
 */
export const MIXIN: readonly MappedRule[] = [
  { rule: 'NodeCPUHighUsage', columns: /^cpu_r$/, limit: 0.9, forMs: 15 * 60_000 },
  { rule: 'NodeCPUHighUsage', columns: /_cpu_utilization$/, limit: 90, forMs: 15 * 60_000 },
  { rule: 'NodeMemoryHighUtilization', columns: /^mem_u$/, limit: 0.9, forMs: 15 * 60_000 },
  { rule: 'NodeSystemSaturation', columns: /^load_1$/, limit: 0.9, forMs: 15 * 60_000 },
  { rule: 'NodeDiskIOSaturation', columns: /^disk_q$/, limit: 0.9, forMs: 30 * 60_000 },
  { rule: 'NodeNetworkReceiveErrs', columns: /^in_errs$/, limit: 0.01, forMs: 3_600_000 },
];

/** All limits times `scale`: lower ones find more. */
export function mixinPages(members: readonly FleetMember[], scale: number): Page[] {
  return members.flatMap((member) =>
    pagesOf(
      member,
      member.series.flatMap((series) =>
        MIXIN.filter(({ columns }) => columns.test(series.metric)).flatMap(({ limit, forMs }) =>
          firing(series, forMs, (value) => value > limit * scale),
        ),
      ),
    ),
  );
}
