/* Bottlenecks foreseen on recorded load, by the predictor and the warning that run live: npm run bench:accuracy -- foreseen (protocol: docs/internals/predictions.md) */
import { type ConditionState, stepCondition } from '../../src/decide/alert-state.ts';
import { WARNING_TIMING, warningClause } from '../../src/decide/foreseen-rules.ts';
import { readClauses } from '../../src/decide/threshold-rules.ts';
import { bottleneckChance } from '../../src/engine/bottleneck-chance.ts';
import { foreseeBottleneck } from '../../src/predict/bottleneck.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import { type Kind, onsetsOf, overloaded, type ReplayedService, replayedServices } from './foreseen-services.ts';
import type { Half } from './load-traces.ts';
import { BUSY_LIMIT, type Noise } from './modelled-service.ts';

const MINUTE = 60_000;
const WEEK_MINUTES = 10_080;
/** Points that live reads: a day and what yesterday did in the next quarter of an hour. */
const READ = 1_500;
const WARNED_AT_LEAST = 5;
const WARNED_AT_MOST = 30;
const RIGHT_WITHIN = 20;
/** Behind a bottleneck a warning is none for so long. */
const AFTER = 5;
const AIMS = { warned: 0.97, precision: 0.9, falseAWeek: 1 };

interface Tally {
  services: number;
  weeks: number;
  onsets: number;
  announced: number;
  warned: number;
  warnings: number;
  right: number;
  /** Right to the minute: within the 15 that a warning speaks of. */
  rightWithin15: number;
  /** A bottleneck came within the hour: early, not wrong. */
  withinHour: number;
  leads: number[];
  /** Stated chances of ten bins, and how often it came, by minute. */
  bins: { n: number; stated: number; came: number }[];
}

const noTally = (): Tally => ({
  services: 0,
  weeks: 0,
  onsets: 0,
  announced: 0,
  warned: 0,
  warnings: 0,
  right: 0,
  rightWithin15: 0,
  withinHour: 0,
  leads: [],
  bins: Array.from({ length: 10 }, () => ({ n: 0, stated: 0, came: 0 })),
});

/** Measures one half of the loads: `report` unless told `--half tune`; `--noise recorded`, `--kind natural` and `--of machine-2-1` alone on request. */
export async function measure(options: Options): Promise<Report> {
  const half: Half = options.text('half', 'report') === 'tune' ? 'tune' : 'report';
  const noises: readonly Noise[] = ['scaled', 'recorded'];
  const kinds: readonly Kind[] = ['ramp', 'quiet', 'natural'];
  const of = options.text('of', '');
  const tallies = new Map<string, Tally>();
  for (const noise of noises) {
    if (options.text('noise', noise) !== noise) continue;
    for (const kind of kinds) {
      if (options.text('kind', kind) !== kind) continue;
      const tally = noTally();
      for (const service of replayedServices(half, kind, noise))
        if (service.name.startsWith(of)) replay(service, tally);
      tallies.set(`${noise} ${kind}`, tally);
    }
  }
  return reportOf(half, tallies);
}

function replay(service: ReplayedService, tally: Tally): void {
  const over = overloaded(service);
  const warnings = warningsOf(service, over, tally);
  const comes = (at: number, within: number): boolean => over.subarray(at + 1, at + 1 + within).includes(1);
  tally.services++;
  tally.weeks += (over.length - service.from) / WEEK_MINUTES;
  for (const at of warnings) {
    // What ends before it can be judged is not.
    if (at + RIGHT_WITHIN >= over.length && !comes(at, RIGHT_WITHIN)) continue;
    tally.warnings++;
    if (comes(at, RIGHT_WITHIN)) tally.right++;
    if (comes(at, 15)) tally.rightWithin15++;
    if (comes(at, 60)) tally.withinHour++;
  }
  for (const { at, hasPrecursor } of onsetsOf(service)) {
    tally.onsets++;
    if (!hasPrecursor) continue;
    tally.announced++;
    const lead = warnings.map((warning) => at - warning).filter((ms) => ms >= WARNED_AT_LEAST && ms <= WARNED_AT_MOST);
    if (lead.length === 0) continue;
    tally.warned++;
    tally.leads.push(Math.max(...lead));
  }
}

/** The minutes at which people would have been warned. */
function warningsOf(service: ReplayedService, over: Uint8Array, tally: Tally): number[] {
  let state: ConditionState | null = null;
  const out: number[] = [];
  for (let i = service.from; i < over.length; i++) {
    const values = service.utilisation.subarray(Math.max(0, i - READ), i + 1);
    const chance = foreseeBottleneck({ values, limit: BUSY_LIMIT }, bottleneckChance)?.probability ?? 0;
    const firedBefore: number | null = state?.firedAt ?? null;
    state = stepCondition(state, readClauses([warningClause(chance)]), i * MINUTE, WARNING_TIMING).state;
    if (over.subarray(Math.max(0, i - AFTER), i + 1).includes(1)) continue;
    if (state !== null && firedBefore === null) out.push(i);
    const bin = tally.bins[Math.min(9, Math.floor(chance * 10))];
    if (chance === 0 || i + 15 >= over.length || bin === undefined) continue;
    bin.n++;
    bin.stated += chance;
    bin.came += over.subarray(i + 1, i + 16).includes(1) ? 1 : 0;
  }
  return out;
}

function reportOf(half: Half, tallies: ReadonlyMap<string, Tally>): Report {
  const share = (a: number, b: number): string => (b === 0 ? '–' : `${((100 * a) / b).toFixed(1)} %`);
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  const rows = [...tallies].map(([name, t]) => [
    name,
    `${t.services}, ${t.weeks.toFixed(1)} weeks`,
    t.onsets,
    t.announced,
    `${t.warned} (${share(t.warned, t.announced)})`,
    `${median(t.leads)} min`,
    `${t.right} of ${t.warnings} (${share(t.right, t.warnings)})`,
    share(t.rightWithin15, t.warnings),
    share(t.withinHour, t.warnings),
    ((t.warnings - t.right) / t.weeks).toFixed(2),
    calibrationError(t).toFixed(3),
  ]);
  const missed: string[] = [];
  const notes: string[] = [`Half: ${half}. Aims stand on the scaled service: ramps and quiet.`];
  const ramp = tallies.get('scaled ramp');
  const quiet = tallies.get('scaled quiet');
  if (ramp !== undefined && quiet !== undefined) {
    const warned = ramp.warned / ramp.announced;
    const precision = (ramp.right + quiet.right) / (ramp.warnings + quiet.warnings);
    const falseAWeek = (quiet.warnings - quiet.right) / quiet.weeks;
    notes.push(
      `Warned ${share(ramp.warned, ramp.announced)} of ${ramp.announced}, precision ${share(ramp.right + quiet.right, ramp.warnings + quiet.warnings)}, ${falseAWeek.toFixed(2)} false warnings a quiet service-week.`,
    );
    if (warned < AIMS.warned) missed.push(`warned ${share(ramp.warned, ramp.announced)}, aim 97 %`);
    if (precision < AIMS.precision) missed.push(`precision ${(100 * precision).toFixed(1)} %, aim 90 %`);
    if (falseAWeek > AIMS.falseAWeek) missed.push(`${falseAWeek.toFixed(2)} false warnings a service-week, aim 1`);
  }
  return {
    columns: [
      'load',
      'services',
      'bottlenecks',
      'announced',
      'warned',
      'lead',
      'right',
      'in 15',
      'in 60',
      'false/week',
      'cal. error',
    ],
    rows,
    notes,
    figures: Object.fromEntries([...tallies].map(([name, { leads, ...t }]) => [name, { ...t, lead: median(leads) }])),
    missed,
  };
}

function calibrationError({ bins }: Tally): number {
  const n = bins.reduce((sum, bin) => sum + bin.n, 0);
  return bins.reduce((sum, bin) => sum + Math.abs(bin.stated - bin.came), 0) / n;
}
