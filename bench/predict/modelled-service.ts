import { SeededRandom } from '../../src/stats/random.ts';
import { centredMeans, type LoadTrace } from './load-traces.ts';

/** A service of the model under a load: how busy it is and what its users wait for, a value a minute. */
export interface ModelledService {
  readonly name: string;
  /** Share of its capacity in use, 0..1. */
  readonly utilisation: Float64Array;
  /** 95th percentile of the time an answer takes, s. */
  readonly latency: Float64Array;
}

/** A queue with so many servers, exponential in arrivals and service (M/M/c). */
const SERVERS = 8;
const SERVICE_SECONDS = 0.05;
const MINUTE_SECONDS = 60;
/** What an answer may take, 95th percentile, s: reached at about 92 % of capacity. */
export const OBJECTIVE_SECONDS = 0.25;
export const BUSY_LIMIT = 0.9;
const DAY = 1440;

/**
 * `scaled`: a service so large that single users do not show: the recorded load in means of five minutes, with the noise
 * of the queue. `recorded`: minute by minute as it was, noise and all.
 */
export type Noise = 'scaled' | 'recorded';

/** What a service with this capacity shows under a load, `growth` times as much of it (by minute). O(n). */
export function modelledService(
  name: string,
  load: Float64Array,
  capacity: number,
  noise: Noise,
  growth: (minute: number) => number = () => 1,
): ModelledService {
  const random = new SeededRandom(20_261);
  let backlogSeconds = 0;
  const utilisation = new Float64Array(load.length);
  const latency = new Float64Array(load.length);
  for (let i = 0; i < load.length; i++) {
    const offered = ((load[i] ?? Number.NaN) * growth(i)) / capacity;
    // The share of time that servers are busy, seen for a minute: its deviation in a queue with so many servers.
    const deviation = Math.sqrt((2 * Math.max(0, offered) * SERVICE_SECONDS) / (SERVERS * MINUTE_SECONDS));
    const asked = noise === 'scaled' ? offered + random.normal() * deviation : offered;
    // What is asked beyond capacity waits, and is worked off when there is room.
    backlogSeconds = Number.isNaN(asked) ? 0 : Math.max(0, backlogSeconds + (asked - 1) * MINUTE_SECONDS);
    utilisation[i] = backlogSeconds > 0 ? 1 : Math.max(0, Math.min(1, asked));
    latency[i] = Number.isNaN(asked) ? Number.NaN : backlogSeconds + answerSeconds(Math.min(0.995, Math.max(0, asked)));
  }
  return { name, utilisation, latency };
}

/** The load as the service sees it, before growth. */
export function loadOf(trace: LoadTrace, noise: Noise): Float64Array {
  return noise === 'scaled' ? centredMeans(trace.values, 5) : trace.values;
}

/** The greatest load of each day that was seen for more than half of it, in means of five minutes, ascending. */
export function greatestLoads(trace: LoadTrace): number[] {
  const smooth = centredMeans(trace.values, 5);
  const greatest: number[] = [];
  for (let day = 0; day + DAY <= smooth.length; day += DAY) {
    const known = smooth.subarray(day, day + DAY).filter((value) => !Number.isNaN(value));
    if (known.length > DAY / 2) greatest.push(Math.max(...known));
  }
  return greatest.sort((a, b) => a - b);
}

/** 95th percentile of wait and service in M/M/c: the wait's tail is exponential (Erlang's C); where waiting is rare, the service's alone. */
function answerSeconds(offered: number): number {
  const load = SERVERS * offered;
  let blocked = 1;
  for (let k = 1; k <= SERVERS; k++) blocked = (load * blocked) / (k + load * blocked);
  const waits = blocked / (1 - offered * (1 - blocked));
  const wait = waits > 0.05 ? (Math.log(waits / 0.05) * SERVICE_SECONDS) / (SERVERS * (1 - offered)) : 0;
  return Math.max(SERVICE_SECONDS * Math.log(20), SERVICE_SECONDS + wait);
}
