import { bottleneckEvidence } from '../../src/predict/bottleneck-evidence.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import { overloaded, type ReplayedService, replayedServices } from './foreseen-services.ts';
import { type Half, loadTraces } from './load-traces.ts';
import { BUSY_LIMIT, loadOf, modelledService, type Noise } from './modelled-service.ts';

/** Rows that trees are grown on: the figures of a moment, and whether a bottleneck came within the quarter of an hour. */
export interface TrainingRows {
  /** Of which trace: what is tried on a trace was not grown on it. */
  readonly source: string;
  readonly rows: readonly Float32Array[];
  readonly came: readonly number[];
}

const DAY = 1440;
const AHEAD = 15;
/** What stands before and behind a growth. */
const BEFORE_MINUTES = 2 * DAY;
const BEHIND_MINUTES = 30;
/** Of quiet stretches every so many minutes, there are many times as many of them; of growths every other. */
const QUIET_EVERY = 5;
const GROWTH_EVERY = 2;
/** Live knows a day, or what came since the start: minutes that the past is cut to, in turn. */
const KNOWN_MINUTES = [1500, 1500, 1500, 600, 130] as const;

/** All rows of one half: growths of many shapes at many times, the ramps of the protocol, and quiet stretches. */
export function* trainingRows(half: Half): Generator<TrainingRows> {
  for (const noise of ['scaled', 'recorded'] as const) {
    let turn = 0;
    for (const service of grownServices(half, noise)) {
      const known = KNOWN_MINUTES[turn++ % KNOWN_MINUTES.length] ?? DAY;
      yield rowsOf(service, GROWTH_EVERY, known);
    }
    for (const service of replayedServices(half, 'ramp', noise)) yield rowsOf(service, 1, KNOWN_MINUTES[0]);
    for (const service of replayedServices(half, 'quiet', noise)) yield rowsOf(service, QUIET_EVERY, KNOWN_MINUTES[0]);
  }
  for (const service of drawnServices()) yield rowsOf(service, GROWTH_EVERY, KNOWN_MINUTES[0]);
}

function rowsOf(service: ReplayedService, every: number, known: number): TrainingRows {
  const over = overloaded(service);
  const rows: Float32Array[] = [];
  const came: number[] = [];
  for (let i = service.from; i < over.length - AHEAD; i += every) {
    if (over.subarray(Math.max(0, i - 2), i + 1).includes(1)) continue;
    const values = service.utilisation.subarray(Math.max(0, i - known), i + 1);
    const evidence = bottleneckEvidence({ values, limit: BUSY_LIMIT });
    if (evidence === null) continue;
    rows.push(Float32Array.from(evidence.row));
    came.push(over.subarray(i + 1, i + 1 + AHEAD).includes(1) ? 1 : 0);
  }
  return { source: service.name.split(' ')[0] ?? '', rows, came };
}

/** Users that grow in a line, faster and faster, or only up to a level that may do, by any amount, from any load, at any time. */
function* grownServices(half: Half, noise: Noise): Generator<ReplayedService> {
  const random = new SeededRandom(20_262);
  const between = (least: number, most: number): number => least + (most - least) * random.next();
  for (const trace of loadTraces(half)) {
    const load = loadOf(trace, noise);
    for (let at = BEFORE_MINUTES; at + 180 < load.length; at += Math.round(between(150, 350))) {
      const minutes = Math.round(between(20, 120));
      const stays = Math.round(between(0, 60));
      const [growsTo, before, bend] = [between(1.2, 3.1), between(0.35, 0.65), random.next() < 0.3 ? 2 : 1];
      const part = load.subarray(at - BEFORE_MINUTES, at + minutes + stays + BEHIND_MINUTES);
      const usual = part.subarray(BEFORE_MINUTES - 60, BEFORE_MINUTES).reduce((sum, value) => sum + value, 0) / 60;
      if (!(usual > 0)) continue;
      const growth = (i: number): number =>
        1 + (growsTo - 1) * Math.max(0, Math.min(1, (i - BEFORE_MINUTES) / minutes)) ** bend;
      const service = modelledService(`${trace.name} at ${at}`, part, usual / before, noise, growth);
      yield { ...service, kind: 'ramp', from: BEFORE_MINUTES - 60 };
    }
  }
}

const DRAWN = 900;
/** Behind the flat day. */
const DRAWN_MINUTES = 150;

/** What recorded loads have little of: figures that grow evenly, jump and stay, swing, or stand high for good. Not from any trace. */
function* drawnServices(): Generator<ReplayedService> {
  const random = new SeededRandom(20_263);
  const between = (least: number, most: number): number => least + (most - least) * random.next();
  for (let n = 0; n < DRAWN; n++) {
    const shape = shapes[n % shapes.length]?.(between) ?? (() => 0);
    const [noise, day] = [between(0.001, 0.03), between(0, 0.1)];
    const before = shape(0);
    const utilisation = Float64Array.from({ length: DAY + 150 + DRAWN_MINUTES }, (_, i) => {
      const at = i - DAY - 150;
      const usual = before * (1 + day * (Math.cos((2 * Math.PI * at) / DAY) - 1));
      return Math.max(0, (at < 0 ? usual : shape(at)) + noise * random.normal());
    });
    const latency = new Float64Array(utilisation.length);
    yield { name: 'drawn', utilisation, latency, kind: 'ramp', from: DAY + 120 };
  }
}

type Between = (least: number, most: number) => number;

const shapes: readonly ((between: Between) => (minute: number) => number)[] = [
  (between) => {
    const [from, slope] = [between(0.3, 0.65), between(0.003, 0.025)];
    return (minute) => Math.min(1, from + slope * minute);
  },
  (between) => {
    const [from, slope, to] = [between(0.3, 0.6), between(0.003, 0.025), between(0.6, 0.86)];
    return (minute) => Math.min(to, from + slope * minute);
  },
  (between) => {
    const [from, to] = [between(0.3, 0.6), between(0.6, 0.87)];
    const jump = Math.round(between(2, 100));
    return (minute) => (minute < jump ? from : to);
  },
  (between) => {
    const [top, depth, period] = [between(0.6, 0.87), between(0.05, 0.4), between(15, 180)];
    return (minute) => top - depth * (0.5 - 0.5 * Math.cos((2 * Math.PI * minute) / period));
  },
  (between) => {
    const level = between(0.5, 0.87);
    return () => level;
  },
];
