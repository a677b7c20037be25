import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Client, createClient } from '../../../src/api/client.ts';
import { type RunningAuspex, startAuspex } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Series } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, until } from '../prometheus/real-programs.ts';

/** The whole of Auspex in this process, with its own host watched. */
export async function start(
  yaml = '',
): Promise<{ auspex: RunningAuspex; url: string; client: Client; home: string; config: string }> {
  const home = mkdtempSync(join(tmpdir(), 'auspex-otlp-'));
  const config = join(home, 'auspex.yaml');
  const port = await freePort();
  writeFileSync(
    config,
    `server:\n  listen: 127.0.0.1:${port}\ncollect:\n  interval: 1s\nworkers: 1\nstore:\n  minFree: 1MB\n${yaml}`,
  );
  const read = () => loadConfig({ env: {}, file: config, flags: { home } });
  const auspex = await startAuspex({ loaded: read(), reload: read, log: createLogger('silent'), listen: true });
  onTestFinished(async () => {
    await auspex.close();
    rmSync(home, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const token = readFileSync(join(home, 'cli-token'), 'utf8').trim();
  const own = () => auspex.engine.states().find(({ entity }) => entity.name === hostname());
  await until(own, (state) => state !== undefined, 30_000, 'the own host');
  return { auspex, url, client: createClient({ baseUrl: url, token }), home, config };
}

export function seriesOf(auspex: RunningAuspex, name: string): readonly Series[] {
  return auspex.stores.metrics.index.select([{ name: '__name__', op: '=', value: name }], 100);
}
