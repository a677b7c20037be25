import { expect, test } from 'vitest';
import { labelsFrom, METRIC_NAME } from '../../src/model/index.ts';
import { runOf } from '../score/runs-for-tests.ts';
import type { Recording, RecordedSeries } from './recording.ts';
import { rerun, replayRecording, warmUp } from './replay.ts';

/* The real engine, stores and detectors on a time of their own: an idle host, then one whose CPU is taken. */

const MINUTE = 60_000;
const WARM_FROM = Date.UTC(2026, 0, 5, 12);
const WARM_TO = WARM_FROM + 25 * MINUTE;
/** Hours later, as a gameday goes on from a warm state. */
const RUN_FROM = WARM_TO + 200 * MINUTE;
const RUN_TO = RUN_FROM + 150_000;
const INJECTED = RUN_FROM + 30_000;

type Shape = (at: number, ripple: number) => number;
const figures: Record<string, Shape> = {
  auspex_host_cpu_ratio: (at, ripple) => (at > INJECTED && at < RUN_TO ? 0.99 : 0.05 + 0.01 * ripple),
  auspex_host_memory_ratio: (_, ripple) => 0.3 + 0.002 * ripple,
  auspex_host_load_per_core: (at, ripple) => (at > INJECTED && at < RUN_TO ? 2 : 0.1 + 0.02 * ripple),
  auspex_host_process_count: (_, ripple) => 120 + ripple,
  auspex_host_network_receive_bytes_per_second: (_, ripple) => 2000 + 200 * ripple,
};

function record(kind: Recording['kind'], from: number, to: number): Recording {
  const times = Float64Array.from({ length: (to - from) / 10_000 }, (_, i) => from + i * 10_000);
  const series = Object.entries(figures).map(
    ([name, shape], s): RecordedSeries => ({
      labels: labelsFrom([
        [METRIC_NAME, name],
        ['instance', 'web-1'],
        ['job', 'auspex'],
      ]),
      kind: 'gauge',
      times,
      values: times.map((at) => shape(at, Math.sin(at / 17_000 + s) + Math.sin(at / 7_300))),
    }),
  );
  return { kind, from, to, intervalMs: 10_000, timeZone: 'UTC', entities: [], run: null, series };
}

test('a replay says of a fault what would have been said, twice the same; of quiet hours nothing', async () => {
  const warm = await warmUp(record('warm', WARM_FROM, WARM_TO));
  try {
    const fault: Recording = {
      ...record('run', RUN_FROM, RUN_TO),
      run: runOf({ startedAt: RUN_FROM, injectedAt: INJECTED, undoneAt: RUN_TO - 10_000, endedAt: RUN_TO }),
    };
    const run = await rerun(fault, warm);
    const [first] = run.told;
    expect(first).toMatchObject({ kind: 'finding' });
    expect(first?.summary).toContain('CPU of web-1');
    expect((first?.at ?? 0) - INJECTED).toBeLessThanOrEqual(40_000);
    expect((await rerun(fault, warm)).told).toEqual(run.told);
    expect(await replayRecording(record('quiet', RUN_FROM - 60 * MINUTE, RUN_FROM), warm)).toEqual([]);
  } finally {
    await warm.remove();
  }
});
