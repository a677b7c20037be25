// A full disk: the home on a 64 MB ext4 that another file fills. Ingest answers 503 with Retry-After, reading and alerting
// go on, all of it recovers by itself when there is space again, and nothing acknowledged is lost.
//   node test/acceptance/full-disk.ts [--full 60]         (root; loop devices)
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '../../src/api/client.ts';
import { startAuspex, until } from '../e2e/running-auspex.ts';
import { type Answer, Load, type Verdict } from './load.ts';
import { Cleanup, makeLoopDisk, options, pause, report, temporaryFolder, whyNoLoopDisks } from './support.ts';

export interface FullDiskResult extends Verdict {
  readonly refused: number;
  readonly withRetryAfter: number;
  /** Answers that were neither 204 nor 503. */
  readonly others: string;
  readonly overviewMs: number;
  readonly chartPoints: number;
  readonly alert: string;
  readonly alertSeconds: number;
  readonly recoveredSeconds: number;
  readonly exitCode: number | null;
}

export async function fillDisk(fullSeconds: number): Promise<FullDiskResult> {
  const cleanup = new Cleanup();
  try {
    const disk = makeLoopDisk(cleanup, temporaryFolder(cleanup, 'full-disk'), 'disk', 64);
    const running = await startAuspex({
      home: join(disk.mount, 'home'),
      args: ['--interval', '1'],
    });
    cleanup.add(() => running.kill('SIGKILL'));
    const load = new Load(running.url, 2, 20);
    let refused = 0;
    let withRetryAfter = 0;
    load.onAnswer = (answer: Answer) => {
      if (answer.status !== 503) return;
      refused++;
      if ((answer.retryAfter ?? 0) > 0) withRetryAfter++;
    };
    load.start();
    await pause(3000);
    const filler = join(disk.mount, 'filler');
    fill(filler);
    const filledAt = performance.now();
    await until('a 503', 60, async () => refused > 0);
    const alert = await until('the alert of the disk', 180, () => diskAlert(running.client, disk.mount)).catch(
      (error: unknown) => {
        console.error(running.output().slice(-4000));
        throw error;
      },
    );
    const alertSeconds = Math.round((performance.now() - filledAt) / 1000);
    const reading = await read(running.client);
    await pause(Math.max(0, fullSeconds * 1000 - (performance.now() - filledAt)));
    fill(filler);
    const late = await read(running.client);
    rmSync(filler);
    const freedAt = performance.now();
    const before = sum(load.acknowledged);
    await until('ingest again', 90, async () => sum(load.acknowledged) > before + 4);
    const recoveredSeconds = Math.round((performance.now() - freedAt) / 1000);
    await pause(1000);
    await load.stop();
    const verdict = await load.check(running.client);
    const exitCode = await running.stop();
    const others = [...load.answers].filter(([status]) => status !== 204 && status !== 503);
    return {
      ...verdict,
      refused,
      withRetryAfter,
      others: others.map(([status, count]) => `${status}: ${count}`).join(' '),
      overviewMs: Math.max(reading.overviewMs, late.overviewMs),
      chartPoints: Math.min(reading.chartPoints, late.chartPoints),
      alert,
      alertSeconds,
      recoveredSeconds,
      exitCode,
    };
  } finally {
    await cleanup.run();
  }
}

/** Writes until there is no space left at all. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  const block = Buffer.alloc(64 << 10);
  try {
    for (let size = block.length; size >= 1; ) {
      try {
        writeSync(file, block, 0, size);
      } catch {
        size >>= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}

async function diskAlert(client: Client, mount: string): Promise<string | undefined> {
  const { items } = await client.call('alerts', { query: { limit: 100 } });
  return items.find((one) => one.resource === 'disk' && one.state === 'firing' && one.summary.includes(mount))?.summary;
}

async function read(client: Client): Promise<{ overviewMs: number; chartPoints: number }> {
  const began = performance.now();
  await client.call('overview');
  const overviewMs = Math.round(performance.now() - began);
  const chart = await client.call('chart', {
    query: {
      metric: 'load_value',
      from: new Date(Date.now() - 5 * 86_400_000).toISOString(),
      to: new Date().toISOString(),
    },
  });
  return { overviewMs, chartPoints: chart.series.reduce((total, one) => total + one.timesMs.length, 0) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function isFullDiskGood(result: FullDiskResult): boolean {
  return (
    result.lost + result.twice + result.wrong === 0 &&
    result.refused > 0 &&
    result.withRetryAfter === result.refused &&
    result.others === '' &&
    result.chartPoints > 0 &&
    result.exitCode === 0
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const impossible = whyNoLoopDisks();
  if (impossible === null) {
    const result = await fillDisk(options({ full: 60 }).full);
    report('full-disk', [result], { ...result }, isFullDiskGood(result));
  } else console.log(`SKIPPED full-disk: ${impossible}`);
}
