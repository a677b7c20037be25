import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { replayPrometheus } from '../../../src/compose-replay.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, missing, PROMETHEUS, PROMTOOL, run, until, writePast } from './real-programs.ts';

const no = missing(PROMETHEUS, PROMTOOL);
const STEP = 15;
const MINUTE = 60;

/** Three hours of a shop that was down for ten minutes after the second, and failed in a third of all cases later on, as OpenMetrics. */
function past(from: number): string {
  const lines = { up: ['# TYPE up gauge'], requests: ['# TYPE http_requests counter'] };
  let good = 0;
  let failed = 0;
  for (let t = 0; t < 180 * MINUTE; t += STEP) {
    const isDown = t >= 120 * MINUTE && t < 130 * MINUTE;
    lines.up.push(`up{instance="shop:80",job="shop"} ${isDown ? 0 : 1} ${from + t}`);
    if (isDown) continue;
    const isFailing = t >= 160 * MINUTE;
    good += 300 + (t % 7) - (isFailing ? 100 : 0);
    failed += isFailing ? 100 : 0;
    lines.requests.push(`http_requests_total{code="200",instance="shop:80",job="shop"} ${good} ${from + t}`);
    lines.requests.push(`http_requests_total{code="500",instance="shop:80",job="shop"} ${failed} ${from + t}`);
  }
  return `${[...lines.up, ...lines.requests].join('\n')}\n# EOF\n`;
}

test.skipIf(no !== '')(
  `the past of a real Prometheus is replayed: who would have been told, of what, and when${no}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'auspex-past-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const from = Math.floor(Date.now() / 1000) - 240 * MINUTE;
    await writePast(folder, past(from));
    const port = await freePort();
    const { words } = run(PROMETHEUS, [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const url = `http://127.0.0.1:${port}`;
    await until(
      () => fetch(`${url}/-/ready`),
      ({ ok }) => ok,
      20_000,
      `Prometheus (${words()})`,
    );
    const progress: number[] = [];
    const found = await replayPrometheus({
      source: { url },
      from: from * 1000 - 1,
      to: (from + 180 * MINUTE) * 1000,
      timeZone: 'UTC',
      log: createLogger('silent'),
      onProgress: (at) => progress.push(at),
      signal: new AbortController().signal,
    });
    expect(progress).toHaveLength(4);
    expect(found).toMatchObject({ series: 3, samples: 720 + 2 * 680 });
    const at = (minutes: number): number => (from + minutes * MINUTE) * 1000;
    const told = found.alerts.map(({ summary, firedAt, suppressedBy }) => ({
      summary: summary.replace(/ since .*/, ''),
      minute: Math.round(((firedAt ?? 0) - at(0)) / 6_000) / 10,
      suppressedBy,
    }));
    expect(told).toEqual([
      { summary: 'shop on shop does not answer', minute: expect.closeTo(120.5, 0), suppressedBy: null },
      {
        summary: expect.stringContaining('requests that fail 33 %'),
        minute: expect.closeTo(163.3, 0),
        suppressedBy: null,
      },
    ]);
  },
);

test('a server that is not there is named, with why', async () => {
  const replaying = replayPrometheus({
    source: { url: `http://127.0.0.1:${await freePort()}` },
    from: 0,
    to: 3_600_000,
    timeZone: 'UTC',
    log: createLogger('silent'),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  await expect(replaying).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
