import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../src/api/client.ts';
import { type RunningAuspex, startAuspex } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { labelValue, type Labels } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, until } from '../prometheus/real-programs.ts';

/* The whole of Auspex in this process, reading the log of a real program that fails. */

interface Running {
  readonly auspex: RunningAuspex;
  readonly patterns: () => Promise<
    readonly { readonly message: string; readonly count: number; readonly class: string }[]
  >;
  readonly totals: (name: string, label: string) => Promise<Readonly<Record<string, number>>>;
}

function folderFor(): string {
  const home = mkdtempSync(join(tmpdir(), 'auspex-logs-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

async function start(home: string, files: string): Promise<Running> {
  const port = await freePort();
  writeFileSync(
    join(home, 'auspex.yaml'),
    `server:\n  listen: 127.0.0.1:${port}\ncollect:\n  host: false\n  interval: 1s\nworkers: 1\nstore:\n  minFree: 1MB\nsources:\n  logs:\n    - files: [${files}]\n      service: shop\n      instance: api-1\n`,
  );
  const read = () => loadConfig({ env: {}, file: join(home, 'auspex.yaml'), flags: { home } });
  const auspex = await startAuspex({ loaded: read(), reload: read, log: createLogger('silent'), listen: true });
  const token = readFileSync(join(home, 'cli-token'), 'utf8').trim();
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, token });
  return {
    auspex,
    patterns: async () => (await client.call('errors')).items,
    totals: async (name, label) => {
      const series = auspex.stores.metrics.index.select([{ name: '__name__', op: '=', value: name }], 100);
      const points = await auspex.stores.metrics.range(
        series.map(({ ref }) => ref),
        0,
        Date.now() + 1_000,
      );
      const nameOf = (labels: Labels): string => labelValue(labels, label) ?? '';
      return Object.fromEntries(
        points.map(({ ref, values }) => [
          nameOf(series.find((one) => one.ref === ref)?.labels ?? []),
          values.at(-1) ?? 0,
        ]),
      );
    },
  };
}

test('errors of a program that fails are counted by code and kept by kind; a restart and a rotation lose none, count none twice, and none as of now', {
  timeout: 120_000,
}, async () => {
  const home = folderFor();
  const log = join(home, 'shop.log');
  writeFileSync(log, 'ERROR of yesterday\n');
  const fail = (code: string): void => {
    const out = openSync(log, 'a');
    spawnSync(process.execPath, ['-e', code], { stdio: ['ignore', out, out] });
  };
  const first = await start(home, join(home, 'shop.log'));
  await until(
    () => first.totals('log_records_total', 'severity'),
    (found) => found['error'] === 0,
    30_000,
    'nought errors',
  );
  fail("require('node:net').createServer().listen(1, '203.0.113.1')");
  fail("throw new Error('DATABASE_URL is not set')");
  const codes = await until(
    () => first.totals('log_errors_total', 'code'),
    (found) => Object.keys(found).length === 2,
    30_000,
    'two codes',
  );
  expect(codes).toEqual({ EADDRNOTAVAIL: 1, configuration: 1 });
  const kinds = await until(first.patterns, (found) => found.length === 2, 30_000, 'two kinds');
  expect(kinds.map(({ message }) => message).sort()).toEqual([
    expect.stringContaining('DATABASE_URL is not set'),
    expect.stringContaining('EADDRNOTAVAIL'),
  ]);
  await first.auspex.close();

  fail("throw new Error('DATABASE_URL is not set')");
  renameSync(log, `${log}.1`);
  appendFileSync(log, 'INFO a new file\n');
  fail("throw new Error('DATABASE_URL is not set')");
  const second = await start(home, join(home, 'shop.log'));
  onTestFinished(() => second.auspex.close());
  const after = await until(
    second.patterns,
    (found) => found.some(({ count }) => count >= 3),
    30_000,
    'three of one kind',
  );
  expect(after.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([1, 3]);
  // What came while nobody read is no news: errors of an hour ago would look like trouble that begins now.
  await until(
    () => second.totals('log_records_total', 'severity'),
    (found) => found['error'] === 0,
    30_000,
    'nought errors after the restart',
  );
  fail("throw new Error('DATABASE_URL is not set')");
  await until(second.patterns, (found) => found.some(({ count }) => count === 4), 30_000, 'four of one kind');
  expect(
    await until(
      () => second.totals('log_records_total', 'severity'),
      (found) => found['error'] === 1,
      30_000,
      'one error since',
    ),
  ).toMatchObject({ error: 1 });
  expect(await second.totals('log_errors_total', 'code')).toMatchObject({ configuration: 1 });
});

test('a file that is not there is named in health, and read once it is', { timeout: 60_000 }, async () => {
  const home = folderFor();
  const { auspex, totals } = await start(home, join(home, '*.log'));
  onTestFinished(() => auspex.close());
  const health = () =>
    auspex.engine.components().find(({ name }) => name === 'collector log-files' || name === 'log-files');
  await until(health, (found) => JSON.stringify(found ?? '').includes('no log file is named'), 30_000, 'the problem');
  writeFileSync(join(home, 'late.log'), 'FATAL: sorry, too many clients already\n');
  const codes = await until(
    () => totals('log_errors_total', 'code'),
    (found) => found['53300'] === 1,
    30_000,
    'the error',
  );
  expect(codes).toEqual({ '53300': 1 });
  expect(JSON.stringify(health())).not.toContain('no log file is named');
});
