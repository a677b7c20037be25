import { type Half, loadTraces } from './load-traces.ts';
import {
  BUSY_LIMIT,
  greatestLoads,
  loadOf,
  type ModelledService,
  modelledService,
  type Noise,
  OBJECTIVE_SECONDS,
} from './modelled-service.ts';

/** What is replayed: `ramp`: users grow on top of a recorded load; `quiet`: the load as it came, which never comes near capacity; `natural`: the load as it came, which passes it on most days. */
export type Kind = 'ramp' | 'quiet' | 'natural';

export interface ReplayedService extends ModelledService {
  readonly kind: Kind;
  /** Nothing before this minute is judged: what is usual has to be known. */
  readonly from: number;
}

const DAY = 1440;
/** A ramp every so many minutes of a trace: prime to the day, so that all times of day have one. */
const RAMP_EVERY = 1_237;
/** The load of the hour before a ramp is so much of capacity. */
const BEFORE = 0.5;
/** Users grow to so many times as many … */
const GROWS_TO = 2.4;
/** … within so many minutes, in turn. */
const RAMP_MINUTES = [30, 60, 90];
/** What stands before and behind a ramp. */
const BEFORE_MINUTES = 2 * DAY;
const BEHIND_MINUTES = 30;
/** The greatest load of a whole trace is so much of a quiet service's capacity. */
const QUIET_PEAK = 0.75;
/** The limit is at so many times the median of the days' greatest loads. */
const NATURAL = [0.6, 0.8, 1];

/** Everything that is replayed of one half of the traces. */
export function* replayedServices(half: Half, kind: Kind, noise: Noise): Generator<ReplayedService> {
  for (const trace of loadTraces(half)) {
    const load = loadOf(trace, noise);
    const greatest = greatestLoads(trace);
    const most = greatest[greatest.length - 1] ?? Number.NaN;
    const median = greatest[greatest.length >> 1] ?? Number.NaN;
    if (kind === 'quiet') {
      yield { ...modelledService(`${trace.name} quiet`, load, most / QUIET_PEAK, noise), kind, from: DAY };
    } else if (kind === 'natural') {
      for (const size of NATURAL)
        yield {
          ...modelledService(`${trace.name} × ${size}`, load, (size * median) / BUSY_LIMIT, noise),
          kind,
          from: DAY,
        };
    } else {
      let turn = 0;
      for (let at = BEFORE_MINUTES; at + 120 < load.length; at += RAMP_EVERY) {
        const minutes = RAMP_MINUTES[turn++ % RAMP_MINUTES.length] ?? 60;
        const part = load.subarray(at - BEFORE_MINUTES, at + minutes + BEHIND_MINUTES);
        const usual = meanOf(part.subarray(BEFORE_MINUTES - 60, BEFORE_MINUTES));
        if (!(usual > 0)) continue;
        const growth = (i: number): number =>
          1 + (GROWS_TO - 1) * Math.max(0, Math.min(1, (i - BEFORE_MINUTES) / minutes));
        const name = `${trace.name} at ${at} in ${minutes}`;
        yield { ...modelledService(name, part, usual / BEFORE, noise, growth), kind, from: BEFORE_MINUTES - 60 };
      }
    }
  }
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface Onset {
  readonly at: number;
  /** Whether it announced itself: a mean of five minutes at 75 % of capacity at least five minutes before. */
  readonly hasPrecursor: boolean;
}

/** A new bottleneck only after so many minutes without one. */
const APART = 60;
const PRECURSOR_LEVEL = 0.75;
const PRECURSOR_MINUTES = 5;

/** The minutes in which a service is overloaded: busier than 90 % or slower than its objective. */
export function overloaded({ utilisation, latency }: ModelledService): Uint8Array {
  return Uint8Array.from(utilisation, (busy, i) =>
    busy > BUSY_LIMIT || (latency[i] ?? 0) > OBJECTIVE_SECONDS ? 1 : 0,
  );
}

/** When bottlenecks begin, from `from` on. */
export function onsetsOf(service: ReplayedService): Onset[] {
  const over = overloaded(service);
  const out: Onset[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < over.length; i++) {
    if (over[i] === 0) continue;
    if (i - last > APART && i >= service.from) out.push({ at: i, hasPrecursor: announces(service.utilisation, i) });
    last = i;
  }
  return out;
}

/** The last minute at which the five minutes up to it were below the level lies at least five minutes back. */
function announces(utilisation: Float64Array, onset: number): boolean {
  for (let i = onset - 1; i > onset - PRECURSOR_MINUTES; i--) {
    if (!(meanOf(utilisation.subarray(Math.max(0, i - 4), i + 1)) >= PRECURSOR_LEVEL)) return false;
  }
  return true;
}
