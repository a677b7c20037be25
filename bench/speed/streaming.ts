/* Time a value and bytes a series of the streaming detector, every series once a round: npm run bench:speed -- streaming */
import { ANOMALY_SCORE, STREAM_BYTES, StreamSlab } from '../../src/learners/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';

const MOST_NS = 300;
const MOST_BYTES = 600;
const STEP = 600_000;
const VALUES = 10_000_000;
/** Five days at a value in ten minutes, so that the time of day judges too. */
const WARM = 720;

/** Values are made before the clock starts; a heavy tail, so that rare ones come as often as they do in life. */
export async function measure(options: Options): Promise<Report> {
  const sizes = options.text('series', '1000,100000').split(',').map(Number);
  const random = new SeededRandom(1);
  const values = Float64Array.from({ length: 65_536 }, () => random.normal() / Math.sqrt(0.2 + random.next()));
  const figures = sizes.map((series) => {
    const slab = new StreamSlab(ANOMALY_SCORE);
    for (let s = 0; s < series; s++) slab.allocate();
    const timed = Math.max(3, Math.ceil(VALUES / series));
    let spent = 0;
    let reported = 0;
    for (let round = 0; round < WARM + timed; round++) {
      const started = process.cpuUsage();
      for (let s = 0; s < series; s++) {
        slab.take(s, round * STEP, 50 + values[(s * 7919 + round * 104_729) & 65_535]);
        if (slab.isAnomaly) reported++;
      }
      if (round >= WARM) spent += process.cpuUsage(started).user;
    }
    return { series, nsPerValue: (spent * 1000) / (series * timed), bytes: STREAM_BYTES, reported };
  });
  return {
    columns: ['series', 'ns a value', 'bytes a series', 'reported'],
    rows: figures.map((one) => [one.series, one.nsPerValue, one.bytes, one.reported]),
    notes: ['CPU time of one core; the band is read on demand and not counted.'],
    figures,
    missed: figures
      .filter(({ nsPerValue, bytes }) => nsPerValue > MOST_NS || bytes > MOST_BYTES)
      .map(({ series, nsPerValue }) => `${Math.round(nsPerValue)} ns a value at ${series} series, aim ${MOST_NS}`),
  };
}
