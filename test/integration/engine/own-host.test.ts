import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualTime } from '../../../src/engine/virtual-time.ts';
import { type Emission, labelsFrom, METRIC_NAME } from '../../../src/model/index.ts';
import { type EngineOnVirtualTime, engineOnVirtualTime } from './engine-on-virtual-time.ts';
import { toldCollector } from './told-collector.ts';

const START = Date.UTC(2026, 5, 1, 12);
const MACHINE = {
  kind: 'host',
  stableId: 'm',
  name: 'vm',
  timeZone: 'UTC',
  aliases: ['instance=vm'],
  attributes: {},
} as const;

let home: string;
let running: EngineOnVirtualTime;
let stopping: AbortController;
let collecting: Promise<void>[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-own-host-'));
  running = await engineOnVirtualTime({ home, time: new VirtualTime(START), intervalMs: 10_000, business: {} });
  stopping = new AbortController();
  collecting = [];
});
afterEach(async () => {
  stopping.abort();
  await Promise.all(collecting);
  await running.close();
  rmSync(home, { recursive: true, force: true });
});

function begin(name: string): ReturnType<typeof toldCollector>['emit'] {
  const collector = toldCollector(name, START);
  collecting.push(running.engine.collect(collector, stopping.signal));
  return collector.emit;
}

function page(job: string, instance: string): readonly Emission[] {
  const sample = (name: string, value: number, more: Readonly<Record<string, string>> = {}): Emission => ({
    labels: labelsFrom(Object.entries({ [METRIC_NAME]: name, job, instance, ...more })),
    kind: 'gauge',
    at: START,
    value,
  });
  return [sample('up', 1), sample('node_boot_time_seconds', 5_000), sample('node_uname_info', 1, { nodename: 'vm' })];
}

const hosts = () => running.engine.states().flatMap(({ entity }) => (entity.kind === 'host' ? [entity.name] : []));

test('a page of this machine’s exporter that comes before its own first collection is this machine’s', async () => {
  const own = begin('host');
  const scraper = begin('prometheus');
  await own({ kind: 'entity', entity: MACHINE });
  const scraped = scraper({ kind: 'samples', samples: page('node', 'localhost:9100') });
  await own({ kind: 'samples', samples: page('auspex', 'vm') });
  await scraped;
  expect(hosts()).toEqual(['vm']);
});

test('where the own collector ends before it has said anything, the others are not held', async () => {
  begin('host');
  const scraper = begin('prometheus');
  const scraped = scraper({ kind: 'samples', samples: page('node', 'localhost:9100') });
  stopping.abort();
  await scraped;
  expect(hosts()).toEqual(['vm']);
});
