import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { labelsFrom } from '../../src/model/index.ts';
import { SyntheticFleet } from '../acceptance/synthetic-fleet.ts';
import { batchOf, openTestStores } from '../conformance/store/open-test-stores.ts';
import { removeHome, type RunningAuspex, startAuspex, temporaryHome, until } from './running-auspex.ts';

const DAY = 86_400_000;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function begin(home: string, args: readonly string[] = []): Promise<RunningAuspex> {
  const running = await startAuspex({ home, args });
  cleanUps.push(() => running.kill('SIGKILL'));
  return running;
}

function aHome(): string {
  const home = temporaryHome();
  cleanUps.push(() => removeHome(home));
  return home;
}

/** Overwrites the middle of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const from = Math.floor(bytes.length / 3);
  bytes.fill(0xa5, from, from + Math.max(16, Math.floor(bytes.length / 3)));
  writeFileSync(path, bytes);
}

/** All that the status page says, in one text. */
async function saidBy(running: RunningAuspex): Promise<string> {
  const { components } = await running.client.call('status');
  return components.map((one) => `${one.name} ${one.state}: ${one.message}`).join('\n');
}

test.each(['detector-0-of-1', 'detector-position'])(
  'a damaged %s is set aside and named, and nothing else suffers',
  async (name) => {
    const home = aHome();
    const first = await begin(home);
    await first.stop();
    damage(join(home, 'state', name));
    const second = await begin(home);
    const said = await saidBy(second);
    expect(said).toMatch(/detection degraded/);
    expect(said).toContain(name);
    expect(readdirSync(join(home, 'state'))).toContain(`${name}.damaged`);
    await second.stop();
    const third = await begin(home);
    expect(await saidBy(third)).not.toContain('damaged');
  },
);

test('a damaged day of samples is set aside and named; the other days are read on', async () => {
  const home = aHome();
  const today = Math.floor(Date.now() / DAY) * DAY;
  const stores = await openTestStores(home, { at: Date.now(), bufferPoints: 4096 });
  const ref = stores.metrics.index.resolve(
    labelsFrom([
      ['__name__', 'old_value'],
      ['job', 'old'],
    ]),
    'gauge',
  );
  for (const days of [5, 4]) {
    const points = Array.from({ length: 2000 }, (_, i) => [ref, today - days * DAY + i * 10_000, Math.sin(i)] as const);
    await stores.metrics.append(batchOf(points));
    await stores.metrics.housekeep(Date.now(), true);
  }
  await stores.metrics.acknowledge(1e9);
  await stores.metrics.housekeep(Date.now(), true);
  await stores.close();
  const blocks = join(home, 'blocks');
  const days = readdirSync(blocks)
    .filter((name) => name.endsWith('.db'))
    .sort();
  expect(days).toHaveLength(2);
  damage(join(blocks, days[0] ?? ''));
  const running = await begin(home);
  const query = { match: 'old_value', from: new Date(today - 9 * DAY).toISOString() };
  const answer = await running.client.stream('exportSamples', { query });
  expect((await answer.text()).trim().split('\n')).toHaveLength(1 + 2000);
  await until('its name', 10, async () => (await saidBy(running)).includes((days[0] ?? '').replace('.db', '')));
});

test('a damaged model is set aside and named, and what else there is goes on', async () => {
  const home = aHome();
  const first = await begin(home);
  await new SyntheticFleet(1, 120).send(() => first.url);
  const { items: outcomes } = await first.client.call('trainModel', {
    params: { name: 'host-anomaly' },
    body: { entity: 'synthetic-0', force: true },
  });
  expect(outcomes.map((one) => one.trained)).toEqual([true]);
  await first.stop();
  const folder = join(home, 'models');
  for (const file of readdirSync(folder)) damage(join(folder, file));
  const second = await begin(home);
  const { items } = await second.client.call('models');
  const said = `${JSON.stringify(items)}\n${await saidBy(second)}`;
  expect(said).toMatch(/damaged/);
  expect(said).toContain('host-anomaly');
}, 60_000);
