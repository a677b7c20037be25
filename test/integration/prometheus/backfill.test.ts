import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startAuspex } from '../../../src/compose.ts';
import { replayPrometheus } from '../../../src/compose-replay.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, missing, PROMETHEUS, PROMTOOL, run, until, writePast } from './real-programs.ts';

const no = missing(PROMETHEUS, PROMTOOL);
const STEP = 15;
const HOURS = 4;

/** A shop over four hours: ten minutes of being down, and a queue that leaves its range in the last hour. */
function past(from: number): string {
  const lines: Record<string, string[]> = {
    up: ['# TYPE up gauge'],
    queue: ['# TYPE queue_depth gauge'],
    n: ['# TYPE http_requests counter'],
  };
  let requests = 0;
  let noise = 1;
  for (let t = 0; t < HOURS * 3600; t += STEP) {
    noise = (noise * 48271) % 2147483647;
    const isDown = t >= 2 * 3600 && t < 2 * 3600 + 600;
    lines['up']?.push(`up{instance="shop:80",job="shop"} ${isDown ? 0 : 1} ${from + t}`);
    if (isDown) continue;
    const depth = 20 + (noise % 100) / 50 + (t > 3 * 3600 && t < 3 * 3600 + 1800 ? 400 : 0);
    requests += 300 + (noise % 7);
    lines['queue']?.push(`queue_depth{instance="shop:80",job="shop"} ${depth} ${from + t}`);
    lines['n']?.push(`http_requests_total{code="200",instance="shop:80",job="shop"} ${requests} ${from + t}`);
  }
  return `${Object.values(lines).flat().join('\n')}\n# EOF\n`;
}

test.skipIf(no !== '')(
  `a backfill learns what a replay of the same time learns, finds the same, and tells nobody of what is long past${no}`,
  { timeout: 400_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'auspex-backfill-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const from = Math.floor(Date.now() / 1000) - (HOURS + 1) * 3600;
    await writePast(folder, past(from));
    const port = await freePort();
    const server = run(PROMETHEUS, [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const url = `http://127.0.0.1:${port}`;
    await until(
      () => fetch(`${url}/-/ready`),
      ({ ok }) => ok,
      60_000,
      `Prometheus (${server.words()})`,
    );
    const replayed = await replayPrometheus({
      source: { url },
      from: from * 1000 - 1,
      to: (from + HOURS * 3600) * 1000,
      timeZone: 'UTC',
      log: createLogger('silent'),
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    const file = join(folder, 'auspex.yaml');
    await writeFile(
      file,
      `timeZone: UTC
workers: 1
collect: {host: false, interval: 15s}
store: {minFree: 1MB}
sources:
  prometheus:
    - {name: old, url: '${url}', backfill: ${HOURS + 2}h, interval: 1s}
`,
    );
    const read = () => loadConfig({ env: {}, file, flags: { home: join(folder, 'home') } });
    const auspex = await startAuspex({ loaded: read(), reload: read, log: createLogger('silent'), listen: false });
    onTestFinished(() => auspex.close());
    await until(
      async () => (await auspex.stores.records.get('settings', 'source.prometheus.old'))?.value,
      (value) => JSON.stringify(value)?.includes('"isBackfilling":false') === true,
      240_000,
      'the end of the past',
    );
    await auspex.engine.settle();
    const index = auspex.stores.metrics.index;
    const [queue] = index.select([{ name: '__name__', op: '=', value: 'queue_depth' }], 1);
    expect(await auspex.engine.expected(queue?.ref ?? -1)).toMatchObject({ learning: null });
    const found = (await auspex.stores.records.find('anomalies', { limit: 500 })).rows;
    const judged = (
      rows: readonly { detector: string; severity: string; id: string; subject: string; onsetAt: number }[],
    ) =>
      rows
        .filter(({ detector, severity }) => (detector === 'metric' || detector === 'entity') && severity !== 'none')
        .map(({ detector, subject, onsetAt, id }) => `${detector} ${subject} ${(onsetAt / 1000 - from) / 60} ${id}`)
        .sort();
    expect(judged(replayed.findings).map((text) => text.split(' ')[0])).toContain('entity');
    expect(judged(found)).toEqual(judged(replayed.findings));
    // A replay tells of what was; what is long past is told to nobody.
    const told = (await auspex.stores.records.find('alerts', { limit: 500 })).rows.filter(
      ({ firedAt }) => firedAt !== null,
    );
    expect(told.map(({ summary }) => summary)).toEqual([]);
  },
);
