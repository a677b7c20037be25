/* What is used up, foreseen by how long it has grown, on figures of real servers: npm run bench:accuracy -- used-up */
import { BOTTLENECK_MINUTES, LOOKED_AT_FROM } from '../../src/predict/bottleneck-evidence.ts';
import { steadyGrowth } from '../../src/predict/steady-growth.ts';
import { WARN_FROM } from '../../src/decide/foreseen-rules.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import type { Report } from '../report.ts';
import { smdSeries } from './series.ts';

const DAY = 1440;
const WEEK = 7 * DAY;
const LEAST_LEAD = 5;
/** A warning is over after so long: what is said within it is the same. */
const SAME = 30;
/** A figure that nothing fills: its limit lies this much above the highest value of all its time. */
const NEVER = 1.02;
/** Fillings: the limit lies so much above, and is reached within so many minutes. */
const ROOM = 1.5;
const [SHORTEST, LONGEST] = [12, 60] as const;
const FILLINGS = 8;

/** Nothing was tuned to these figures; nothing in them fills up, so that each warning of the first part is false. */
export async function measure(): Promise<Report> {
  const random = new SeededRandom(1);
  let weeks = 0;
  let falsely = 0;
  let fillings = 0;
  let inTime = 0;
  const leads: number[] = [];
  const series = smdSeries();
  for (const { values } of series) {
    const highest = values.reduce((most, value) => Math.max(most, value), 0);
    if (!(highest > 0)) continue;
    weeks += (values.length - DAY) / WEEK;
    let silentUntil = 0;
    for (let n = DAY; n < values.length; n++)
      if (n >= silentUntil && isWarned(values.subarray(n - DAY, n), NEVER * highest)) {
        falsely++;
        silentUntil = n + SAME;
      }
    const limit = ROOM * highest;
    for (let k = 0; k < FILLINGS; k++) {
      const from = DAY + Math.floor(random.next() * (values.length - DAY - LONGEST));
      const minutes = Math.round(SHORTEST * (LONGEST / SHORTEST) ** random.next());
      const past = values.slice(from - DAY, from + minutes);
      const pace = (limit - past[DAY - 1]) / minutes;
      for (let i = DAY; i < past.length; i++) past[i] += (i - DAY + 0.5) * pace;
      fillings++;
      const reached = past.findIndex((value, i) => i >= DAY && value >= limit);
      const end = reached < 0 ? past.length : reached;
      for (let n = DAY + 1; n <= end; n++) {
        if (!isWarned(past.subarray(n - DAY, n), limit)) continue;
        leads.push(end - n);
        if (end - n >= LEAST_LEAD) inTime++;
        break;
      }
    }
  }
  leads.sort((a, b) => a - b);
  const share = (100 * inTime) / fillings;
  return {
    columns: ['figures', 'weeks', 'false warnings', 'a figure-week', 'fillings', '≥ 5 min before', 'median before'],
    rows: [
      [
        series.length,
        weeks.toFixed(0),
        falsely,
        (falsely / weeks).toFixed(4),
        fillings,
        `${inTime} (${share.toFixed(1)} %)`,
        `${leads[leads.length >> 1] ?? 0} min`,
      ],
    ],
    notes: [`Fillings within ${SHORTEST} to ${LONGEST} minutes, added to the real figures.`],
    figures: { weeks, falsely, fillings, inTime },
  };
}

/** As Auspex does: what uses half of its limit, a chance above the threshold, within a quarter of an hour. */
function isWarned(past: Float64Array, limit: number): boolean {
  const last = past[past.length - 1];
  if (last < LOOKED_AT_FROM * limit || last >= limit) return false;
  const found = steadyGrowth(past, limit);
  return found !== null && found.inMinutes <= BOTTLENECK_MINUTES && found.probability >= WARN_FROM;
}
