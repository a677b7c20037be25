import { type Contribution, formatNumber, formatValue, figureMetric } from '../model/index.ts';
import type { ObservedHealth } from './host-health.ts';
import { PERFORMANCE_FIGURES } from './performance-features.ts';

/** A figure is spoken of when it carries at least so much of the score. */
const MIN_SHARE = 0.1;
const LOAD_WARNING = 80;

interface Spoken {
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly baseline: number | null;
  readonly load: number | null;
  readonly model: 'random-forest' | 'persistence';
  readonly contributions: readonly Contribution[];
}

/** `Expected in 15 min: 87 (82–91), now 90. Memory used is rising 2 points an hour; disk writes is 2 times the usual.` */
export function explainPerformance(score: Spoken, slopesPerHour: readonly number[]): string {
  if (score.value === null || score.lower === null || score.upper === null || score.baseline === null) {
    return 'No figure of the last interval is there, so nothing can be said.';
  }
  const whole = (value: number) => formatNumber(Math.round(value));
  const head = `Expected in 15 min: ${whole(score.value)} (${whole(score.lower)}–${whole(score.upper)}), now ${whole(score.baseline)}.`;
  const facts = score.contributions
    .filter((one) => one.share >= MIN_SHARE)
    .map((one) => factOf(one, slopeOf(one, slopesPerHour)))
    .filter((fact) => fact !== null)
    .slice(0, 3);
  const body = facts.length > 0 ? ` ${capital(facts.join('; '))}.` : ' All figures are in their usual range.';
  const label =
    score.model === 'persistence' ? ' This assumes that nothing changes: no learnt model was better so far.' : '';
  return head + body + label;
}

/** What a person could do now, worst first; empty when nothing is near its limit. */
export function recommendationsFor(
  observed: ObservedHealth,
  score: Spoken,
  slopesPerHour: readonly number[],
): readonly string[] {
  const out = observed.dimensions
    .filter((dimension) => dimension.score < 70)
    .sort((a, b) => a.score - b.score)
    .map((dimension) => `${dimension.reason}: ${ADVICE[dimension.name] ?? 'find what uses it'}.`);
  const memory = slopesPerHour[PERFORMANCE_FIGURES.indexOf('auspex_host_memory_ratio')];
  if (memory > 0.05) {
    out.push(`Memory used is rising ${formatNumber(memory * 100)} points an hour: look for the process that grows.`);
  }
  if (score.load !== null && score.load > LOAD_WARNING && out.length === 0) {
    out.push(`The busiest resource is at ${Math.round(score.load)} %: leave room before adding work.`);
  }
  return out;
}

const ADVICE: Readonly<Record<string, string>> = {
  cpu: 'find the heaviest process, move or limit its work',
  load: 'more tasks want to run than there are cores: spread jobs in time or add cores',
  memory: 'find the process that holds most of it, restart it if it leaks, or add memory',
  swap: 'the memory is too small for what runs here: stop something or add memory',
  disk: 'remove or move files on the fullest mount, check logs and caches first',
  'disk-io': 'find the process that reads or writes most, move it to another time or disk',
  pressure: 'tasks wait for resources: see which resource and which process',
  files: 'a process keeps files open: find it, or raise the limit',
};

function slopeOf(one: Contribution, slopes: readonly number[]): number {
  return slopes[PERFORMANCE_FIGURES.findIndex((figure) => figureMetric(figure)?.title === one.feature)] ?? Number.NaN;
}

function factOf(one: Contribution, slopePerHour: number): string | null {
  const range = Math.max(one.upper - one.lower, Math.abs(one.expected) * 0.05, one.unit === 'ratio' ? 0.02 : 1e-9);
  if (Math.abs(slopePerHour) * 0.25 > range / 2) {
    const pace =
      one.unit === 'ratio'
        ? `${formatNumber(Math.abs(slopePerHour) * 100)} points an hour`
        : `${formatValue(Math.abs(slopePerHour), one.unit)} an hour`;
    return `${one.feature} is ${slopePerHour > 0 ? 'rising' : 'falling'} ${pace}`;
  }
  const usual = `${formatValue(one.value, one.unit)}, usually ${formatValue(one.expected, one.unit)}`;
  if (one.value > one.upper) {
    const times = one.expected > 0 ? one.value / one.expected : Infinity;
    return times >= 1.8 && times < 1000
      ? `${one.feature} is ${times < 2.2 ? 'twice' : `${formatNumber(Number(times.toPrecision(2)))} times`} the usual (${usual})`
      : `${one.feature} is high (${usual})`;
  }
  if (one.value < one.lower) return `${one.feature} is low (${usual})`;
  return null;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
