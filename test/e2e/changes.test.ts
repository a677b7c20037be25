import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { mainFile, removeHome, type RunningAuspex, startAuspex, temporaryHome, until } from './running-auspex.ts';

/* Changes as a real process sees them: a file that is edited, a program with another version, a restart, curl, and an agent's host. */

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function folder(): string {
  const home = temporaryHome();
  cleanUps.push(() => removeHome(home));
  return home;
}

async function begin(home: string): Promise<RunningAuspex> {
  const running = await startAuspex({ home });
  cleanUps.push(() => running.kill('SIGKILL'));
  return running;
}

const texts = async (running: RunningAuspex, kind: 'configuration' | 'deployment' | 'restart'): Promise<string[]> =>
  (await running.client.call('changes', { query: { kind } })).items.map(({ text }) => text);

test('an edit, another version and a restart are seen, a deployment is told; all stand on the chart', async () => {
  let version = '1.4.0';
  let startedAt = Math.floor(Date.now() / 1000) - 500;
  const shop = createServer((_, response) => {
    const text = `build_info{version="${version}"} 1\nprocess_start_time_seconds ${startedAt}\nshop_orders 3\n`;
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(text);
  });
  await once(shop.listen(0, '127.0.0.1'), 'listening');
  cleanUps.push(() => shop.close());
  const { port } = shop.address() as AddressInfo;
  const home = folder();
  mkdirSync(join(home, 'etc'));
  const file = join(home, 'etc', 'shop.yaml');
  writeFileSync(file, 'workers: 2');
  writeFileSync(
    join(home, 'auspex.yaml'),
    `collect: {changes: {files: ["${home}/etc/*.yaml"]}}
scrape:
  jobs: [{job_name: shop, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]
`,
  );
  const running = await begin(home);
  const known = await until('a first look', 20, async () => {
    const { components } = await running.client.call('status');
    return components.find(({ name, state }) => name === 'collector changes' && state !== 'stopped');
  });
  expect(known.state).toBe('ok');
  await until(
    'the target',
    20,
    async () => (await running.client.call('series', { query: { metric: 'build_info' } })).items[0],
  );
  await new Promise((wake) => setTimeout(wake, 2_500));
  writeFileSync(file, 'workers: 20000');
  version = '1.5.0';
  startedAt = Math.floor(Date.now() / 1000);
  const told = await fetch(`${running.url}/api/changes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ service: 'shop', from: '1.4.0', to: '1.5.0', by: 'ci' }),
  });
  expect(told.status).toBe(201);
  await until('the edit', 60, async () => (await texts(running, 'configuration')).includes(`${file} was edited`));
  await until('the restart', 20, async () => (await texts(running, 'restart')).length === 1);
  expect((await texts(running, 'deployment')).sort()).toEqual([
    `shop 1.4.0 → 1.5.0`,
    'shop on 127.0.0.1 1.4.0 → 1.5.0',
  ]);
  const chart = await running.client.call('chart', { query: { metric: 'shop_orders' } });
  expect(chart.marks.filter(({ kind }) => kind === 'change').map(({ text }) => text)).toEqual(
    expect.arrayContaining(['shop 1.4.0 → 1.5.0, by ci', 'shop on 127.0.0.1 was started anew']),
  );
}, 150_000);

test('an agent tells its server what is changed on its host, once', async () => {
  const server = await begin(folder());
  const home = folder();
  const agent = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', mainFile, 'agent', '--to', server.url],
    {
      env: { ...process.env, AUSPEX_HOME: home, AUSPEX_TOKEN: server.token },
      stdio: 'ignore',
    },
  );
  cleanUps.push(() => agent.kill('SIGKILL'));
  // The agent of this very machine sees what the server does, under the same host: each change is kept once.
  await until('the agent’s first look', 60, async () => {
    return existsSync(join(home, 'agent', 'changes.json'));
  });
  const { items } = await server.client.call('changes', { query: { limit: 500, kind: 'package' } });
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  const seen = items.map(({ at, text, entityId }) => `${at} ${text} ${entityId}`);
  expect(new Set(seen).size).toBe(seen.length);
}, 120_000);
