import type { ProbeSecond } from '../contract.ts';
import type { PartSecond } from './part-watch.ts';

/** What has to be seen for a fault to have shown. Times are seconds after the injection. */
export type Sight =
  /** In so many seconds (2 unless told) at least this share of the checks failed. */
  | { readonly see: 'failing'; readonly share: number; readonly seconds?: number; readonly within: number }
  /** A client said something that fits the expression. */
  | { readonly see: 'fault'; readonly pattern: string; readonly within: number }
  /** In so many seconds (2 unless told) the slowest answer took at least this long. */
  | { readonly see: 'slow'; readonly ms: number; readonly seconds?: number; readonly within: number }
  | { readonly see: 'part'; readonly part: string; readonly is: PartSight; readonly within: number }
  /** A part's own log has it. */
  | { readonly see: 'log'; readonly part: string; readonly pattern: string; readonly within: number }
  | { readonly see: 'all'; readonly of: readonly Sight[] }
  /** Users see nothing, all the time. */
  | { readonly see: 'nothing' };

/** `down`: no process. `hung`: does not answer its health check. `stopped`: state T. `restarted`: another process. `dark`: no figures. */
export type PartSight = 'down' | 'hung' | 'stopped' | 'restarted' | 'dark';

export interface Observation {
  readonly injectedAt: number;
  readonly probe: readonly ProbeSecond[];
  parts(name: string): readonly PartSecond[];
  /** What the part wrote since the injection. */
  log(name: string): string;
}

/** A check that takes longer than this is one that users notice, in milliseconds. */
export const NOTICED_MS = 1_200;

/** When a sight was seen first, in ms UTC; null while it was not. A log has no time: the end of what is observed counts. */
export function seenAt(sight: Sight, seen: Observation): number | null {
  const since = <T extends { readonly at: number }>(seconds: readonly T[], within: number): T[] =>
    seconds.filter(({ at }) => at >= seen.injectedAt && at <= seen.injectedAt + within * 1000);
  switch (sight.see) {
    case 'failing': {
      const { share, seconds = 2 } = sight;
      const bad = since(seen.probe, sight.within).filter((one) => (one.wrong + one.lost) / one.sent >= share);
      return bad[seconds - 1]?.at ?? null;
    }
    case 'fault': {
      const pattern = new RegExp(sight.pattern);
      const bad = since(seen.probe, sight.within).find(({ faults }) =>
        Object.keys(faults).some((one) => pattern.test(one)),
      );
      return bad?.at ?? null;
    }
    case 'slow': {
      const { ms, seconds = 2 } = sight;
      // What was lost took longer than any answer.
      const slow = since(seen.probe, sight.within).filter((one) => (one.slowestMs ?? 0) >= ms || one.lost > 0);
      return slow[seconds - 1]?.at ?? null;
    }
    case 'part': {
      const all = seen.parts(sight.part);
      const before = all.findLast(({ at, pid }) => at < seen.injectedAt && pid !== null)?.pid;
      return since(all, sight.within).find((one) => isPartSeen(sight.is, one, before))?.at ?? null;
    }
    case 'log':
      return new RegExp(sight.pattern).test(seen.log(sight.part)) ? Math.max(seen.injectedAt, lastAt(seen)) : null;
    case 'all': {
      const times = sight.of.map((one) => seenAt(one, seen));
      return times.includes(null) ? null : Math.max(...(times as number[]));
    }
    case 'nothing':
      return disturbance(seen.probe) === null ? lastAt(seen) : null;
  }
}

/** How long to wait for a sight, in seconds after the injection. */
export function patienceOf(sight: Sight): number {
  if (sight.see === 'all') return Math.max(...sight.of.map(patienceOf));
  return sight.see === 'nothing' ? 0 : sight.within;
}

/** True where users are to see nothing: which is only known at the end. */
export function isCalm(sight: Sight): boolean {
  return sight.see === 'all' ? sight.of.some(isCalm) : sight.see === 'nothing';
}

/** True where it has to be known whether figures can be read. */
export function looksAtFigures(sight: Sight): boolean {
  return sight.see === 'all' ? sight.of.some(looksAtFigures) : sight.see === 'part' && sight.is === 'dark';
}

/** What users noticed in these seconds, in words; null for nothing. */
export function disturbance(probe: readonly ProbeSecond[]): string | null {
  for (const { right, sent, slowestMs, faults } of probe) {
    if (right < sent) return `${sent - right} of ${sent} failed: ${Object.keys(faults).join(', ')}`;
    if ((slowestMs ?? 0) > NOTICED_MS) return `an answer took ${slowestMs} ms`;
  }
  return null;
}

/** Of an ordinary day's seconds, so many may have an answer that is late or wrong: nobody who runs systems would call it a fault. */
const ORDINARY_SHARE = 0.002;

/** What made a stretch in which nothing was done no ordinary one, in words; null for nothing. */
export function unrest(probe: readonly ProbeSecond[]): string | null {
  const disturbed = probe.flatMap((second) => disturbance([second]) ?? []);
  if (disturbed.length <= ORDINARY_SHARE * probe.length) return null;
  return `users noticed something in ${disturbed.length} of ${probe.length} seconds: ${disturbed[0]}`;
}

function isPartSeen(is: PartSight, one: PartSecond, before: number | null | undefined): boolean {
  switch (is) {
    case 'down':
      return one.pid === null;
    case 'hung':
      return one.pid !== null && one.isHealthy === false;
    case 'stopped':
      return one.state === 'T';
    case 'restarted':
      return one.pid !== null && one.pid !== before;
    case 'dark':
      return one.isLit === false;
  }
}

function lastAt(seen: Observation): number {
  return seen.probe.at(-1)?.at ?? seen.injectedAt;
}
