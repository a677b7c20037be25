import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSources } from '../../../src/compose-sources.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Emission, RecordStore } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { missing, OPENSSL, until } from './real-programs.ts';

const no = missing(OPENSSL);
const clock = { now: () => Date.now(), monotonic: () => performance.now() };

test.skipIf(no !== '')(
  `a source behind TLS and basic authentication: its certificate is checked, and credentials are sent${no}`,
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'auspex-source-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=prometheus.test', '-addext', 'subjectAltName=DNS:prometheus.test'];
    const made = spawnSync(OPENSSL, [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ]);
    expect(made.status).toBe(0);
    const asked: (string | undefined)[] = [];
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      asked.push(request.headers.authorization);
      const values = [[Date.now() / 1000 - 1, '1']];
      const result = [{ metric: { __name__: 'up', job: 'a' }, values }];
      response.end(
        request.url?.startsWith('/prom/api/v1/query') === true
          ? JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } })
          : JSON.stringify({ data: {} }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const outbound = createOutbound();
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/prom`;
    const rows = new Map<string, { id: string }>();
    const file = join(folder, 'auspex.yaml');
    writeFileSync(
      file,
      `sources:
  prometheus:
    - {name: checked, url: '${url}', interval: 1s, caFile: cert.pem, serverName: prometheus.test, user: me, password: secret-word}
    - {name: foreign, url: '${url}', interval: 1s}
    - {name: other-name, url: '${url}', interval: 1s, caFile: cert.pem}
    - {name: any, url: '${url}', interval: 1s, insecure: true, token: secret-token}
`,
    );
    const stop = new AbortController();
    const { config } = loadConfig({ env: {}, file, flags: { home: folder } });
    const sources = createSources({
      config,
      outbound,
      records: {
        get: async (_: string, id: string) => rows.get(id),
        put: async (_: string, given: readonly { id: string }[]) => given.forEach((row) => rows.set(row.id, row)),
      } as unknown as RecordStore,
      stop: stop.signal,
      isReady: () => true,
      clock,
      log: createLogger('silent'),
    });
    const given = new Map<string, Emission[]>();
    const running = sources.map((source) =>
      source.start(async (event) => {
        if (event.kind === 'samples') given.set(source.name, [...(given.get(source.name) ?? []), ...event.samples]);
      }, stop.signal),
    );
    onTestFinished(async () => {
      stop.abort();
      await Promise.all(running);
      await outbound.close();
      server.closeAllConnections();
      server.close();
    });
    const health = await until(
      () => new Map(sources.map((source) => [source.name, source.health()])),
      (seen) =>
        ['checked', 'any'].every((name) => seen.get(`source ${name}`)?.lastCollectionAt !== null) &&
        ['foreign', 'other-name'].every((name) => seen.get(`source ${name}`)?.state === 'failed'),
      30_000,
      'two that work and two that fail',
    );
    expect([...given.keys()].sort()).toEqual(['source any', 'source checked']);
    expect(health.get('source foreign')?.problems[0]).toMatch(/certificate/i);
    expect(health.get('source other-name')?.problems[0]).toMatch(/altnames|does not match/i);
    expect(new Set(asked)).toEqual(
      new Set([`Basic ${Buffer.from('me:secret-word').toString('base64')}`, 'Bearer secret-token']),
    );
    expect(rows.has('source.prometheus.checked')).toBe(true);
  },
);
