import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DemonstratedRun } from '../../src/compose-demo.ts';
import { encodeRecording, type RecordedSeries, type Recorded } from '../../src/store/recording.ts';
import { decodeRecording } from './recording.ts';

/*
 * Makes what `auspex demo` shows: `node gameday/recording/make-demonstration.ts RUN.recording WARM.recording MINUTES OUT "what was done"`.
 * The last minutes of the warm-up, moved to right before the run, and the run.
 */

const [runFile = '', warmFile = '', minutes = '', out = '', fault = ''] = process.argv.slice(2);
const run = decodeRecording(readFileSync(runFile), runFile);
const warm = decodeRecording(readFileSync(warmFile), warmFile);
const from = run.from - Number(minutes) * 60_000;
const shift = run.from - warm.to;
const byLabels = new Map<string, RecordedSeries>(run.series.map((one) => [one.labels.join('\u0000'), one]));
const series = warm.series.flatMap((one): RecordedSeries[] => {
  const key = one.labels.join('\u0000');
  const later = byLabels.get(key);
  byLabels.delete(key);
  const first = one.times.findIndex((at) => at + shift >= from);
  if (later === undefined || first < 0) return later === undefined ? [] : [later];
  const times = [...one.times.subarray(first)].map((at) => at + shift);
  return [
    {
      ...later,
      times: Float64Array.from([...times, ...later.times]),
      values: Float64Array.from([...one.values.subarray(first), ...later.values]),
    },
  ];
});
const recording: Recorded<DemonstratedRun> = {
  ...run,
  from,
  run: { shownFrom: run.from, fault },
  series: [...series, ...byLabels.values()],
};
const bytes = encodeRecording(recording);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, bytes);
process.stdout.write(`${out}: ${bytes.length} bytes, ${recording.series.length} series\n`);
