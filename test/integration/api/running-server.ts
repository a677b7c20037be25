import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type AccessControl, type AccessOptions, createAccess } from '../../../src/access/access.ts';
import { auditKeys } from '../../../src/access/audit-key.ts';
import { AuditLog } from '../../../src/access/audit-log.ts';
import { type Client, createClient } from '../../../src/api/client.ts';
import type { HttpLimits, ServerOptions } from '../../../src/api/http/ports.ts';
import { type AuspexServer, createServer } from '../../../src/api/http/server.ts';
import { AuspexError } from '../../../src/errors.ts';
import {
  type Labels,
  labelsFrom,
  type MetricStore,
  metricName,
  type RecordStore,
  type SeriesKind,
  type SeriesRef,
  type TokenScope,
} from '../../../src/model/index.ts';
import { backupStream } from '../../../src/store/backup-write.ts';
import { openStores } from '../../../src/store/open-stores.ts';
import { anomalyRow, clock, finding, model, NOW, SampleEngine } from './sample-engine.ts';
import { sampleAlert, sampleIncidents } from './sample-incidents.ts';
import { sampleObjectives, sampleRules } from './sample-rules.ts';

export interface Running {
  readonly server: AuspexServer;
  readonly url: string;
  readonly port: number;
  readonly engine: SampleEngine;
  readonly records: RecordStore;
  readonly metrics: MetricStore;
  readonly tokens: Readonly<Record<TokenScope, string>>;
  /** Cookie and CSRF token of a signed-in owner. */
  readonly session: { readonly cookie: string; readonly csrf: string };
  readonly client: (scope: TokenScope) => Client;
  readonly staticDir: string;
  readonly makeLink: () => Promise<string>;
  readonly access: AccessControl;
  close(): Promise<void>;
}

const DAY = 86_400_000;

/** A whole server on a free port, with the real stores and access control, a small engine and a little data. */
export async function startServer(
  limits: Partial<HttpLimits> = {},
  more: Partial<ServerOptions> = {},
  listenPort = 0,
  oidc?: AccessOptions['oidc'],
  listenHost = '127.0.0.1',
): Promise<Running> {
  const home = await mkdtemp(join(tmpdir(), 'auspex-api-'));
  const stores = await openStores({
    home,
    limits: { series: 10_000, quotaBytes: 1e9, minFreeBytes: 1e6 },
    retention: { rawMs: 15 * DAY, fiveMinuteMs: 90 * DAY, hourMs: 400 * DAY, recordsMs: 90 * DAY },
    fsync: false,
    clock,
    entityOf: (labels) => (metricName(labels) === 'note' ? 'service:b' : 'host:a'),
  });
  const { records, metrics } = stores;
  const engine = new SampleEngine(records);
  const access = createAccess({ records, home, clock, oidc });
  const log = pino({ level: 'silent' });
  const audit = new AuditLog({ records, home, keys: auditKeys(Buffer.alloc(32, 5)), clock, log });
  await fill(records, metrics);
  const staticDir = join(home, 'dist');
  const server = await createServer({
    engine,
    metrics,
    records,
    access,
    audit,
    settings: {
      list: () => [
        { key: 'listen', value: '127.0.0.1:4700', source: 'default', description: 'Where', reloadable: false },
      ],
      reload: async () => ({ changed: [], needRestart: [] }),
    },
    notifier: {
      channels: async () => [
        {
          name: 'ops',
          kind: 'webhook',
          target: 'https://example.org',
          delivered: 1,
          waiting: 0,
          givenUp: 0,
          lastError: null,
          minSeverity: 'medium',
          changes: false,
          failingSince: null,
          waitingSince: null,
          lastDeliveredAt: NOW,
        },
      ],
      test: async () => ({ delivered: true, detail: 'HTTP 200' }),
    },
    remoteWrite: async (body) =>
      body.length === 0
        ? { status: 400, headers: {}, problem: new AuspexError('BAD_ENCODING', 'The body is empty.') }
        : { status: 204, headers: { 'x-prometheus-remote-write-samples-written': String(body.length) } },
    otlp: {
      metrics: async (body) => ({ status: 200, headers: { 'content-type': 'application/x-protobuf' }, body }),
      logs: async (body) => ({ status: 200, headers: { 'content-type': 'application/x-protobuf' }, body }),
    },
    backup: ({ withKeys }) =>
      backupStream({ home, version: '0.1.0', createdAt: NOW, withKeys, hasRecords: true, hold: () => stores.hold() }),
    rules: sampleRules(),
    objectives: sampleObjectives(),
    scrapeTargets: () => [],
    ownMetrics: async () => '# HELP up Up.\n# TYPE up gauge\nup 1\n',
    version: '0.1.0',
    startedAt: NOW,
    home,
    clock,
    log,
    staticDir,
    basePath: '',
    allowedHosts: ['auspex.example'],
    limits,
    checkAnswers: true,
    ...more,
  });
  const url = await server.listen(listenHost, listenPort).catch(async (error: unknown) => {
    await stores.close();
    await rm(home, { recursive: true, force: true });
    throw error;
  });
  const port = server.address?.port ?? 0;
  const tokens: Record<string, string> = {};
  for (const scope of ['ingest', 'read', 'operate', 'approve', 'admin'] as const)
    tokens[scope] = (await access.addToken({ name: `test ${scope}`, scope, expiresAt: null })).secret;
  const signIn = await access.redeemLink((await access.makeLink()).code);
  return {
    server,
    url,
    port,
    engine,
    records,
    metrics,
    tokens: tokens as Record<TokenScope, string>,
    session: { cookie: `auspex_session_${port}=${signIn.cookie}`, csrf: signIn.principal.csrf ?? '' },
    client: (scope) => createClient({ baseUrl: url, token: tokens[scope] ?? '' }),
    staticDir,
    access,
    makeLink: async () => (await access.makeLink()).code,
    close: async () => {
      await server.close();
      await audit.close();
      await stores.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Stores a series with its points and gives its number. */
export async function addSeries(
  metrics: MetricStore,
  labels: Labels,
  kind: SeriesKind,
  points: readonly (readonly [number, number])[],
): Promise<SeriesRef> {
  const ref = metrics.index.resolve(labels, kind);
  await metrics.append({
    count: points.length,
    refs: new Uint32Array(points.length).fill(ref),
    times: Float64Array.from(points, ([at]) => at),
    values: Float64Array.from(points, ([, value]) => value),
  });
  return ref;
}

async function fill(records: RecordStore, metrics: MetricStore): Promise<void> {
  const times = Array.from({ length: 60 }, (_, i) => NOW - (59 - i) * 10_000);
  await addSeries(
    metrics,
    labelsFrom([
      ['__name__', 'node_load1'],
      ['instance', 'web-1'],
    ]),
    'gauge',
    times.map((at, i) => [at, i]),
  );
  await addSeries(
    metrics,
    labelsFrom([
      ['__name__', 'node_network_receive_bytes_total'],
      ['instance', 'web-1'],
      ['device', 'eth0'],
    ]),
    'counter',
    times.map((at, i) => [at, i < 30 ? i * 1000 : (i - 30) * 1000]),
  );
  await addSeries(
    metrics,
    labelsFrom([
      ['__name__', 'note'],
      ['text', '=cmd|"x"'],
    ]),
    'gauge',
    [[NOW - 1000, -1]],
  );
  await records.put('anomalies', [anomalyRow('f1')]);
  const { contributions, culprits, actions, counterfactual } = finding('f1');
  await records.put('evidence', [{ id: 'f1', at: NOW, body: { contributions, culprits, actions, counterfactual } }]);
  await records.put('feedback', [
    {
      id: 'fb1',
      findingId: 'f0',
      entityId: 'host:a',
      detector: 'metric',
      subject: 's',
      verdict: 'normal',
      value: null,
      at: NOW,
      by: 'owner',
    },
  ]);
  await records.put('model_metadata', [{ ...model, id: 'performance|host:a|2' }]);
  await records.put('track_records', [
    {
      id: 't1',
      entityId: 'host:a',
      type: 'forecast',
      model: 'theta',
      horizonMs: 3_600_000,
      scored: 60,
      held: 54,
      stated: 0.95,
      observed: 0.9,
      meanAbsoluteError: 0.01,
      baselineMeanAbsoluteError: 0.02,
      pending: 3,
      unknown: 1,
      averted: 0,
      bins: [{ count: 60, stated: 57, observed: 54 }],
    },
  ]);
  await records.put('predictions', [
    {
      id: 'p1',
      type: 'forecast',
      entityId: 'host:a',
      component: 'disk used /',
      model: 'theta',
      modelVersion: 1,
      madeAt: NOW - 3_600_000,
      dueAt: NOW,
      horizonMs: 3_600_000,
      value: 0.5,
      unit: 'ratio',
      probability: 0.95,
      rule: { kind: 'interval', lower: 0.4, upper: 0.6 },
      outcome: 'true',
      actual: 0.55,
      scoredAt: NOW,
      baseline: 0.5,
    },
  ]);
  await records.put('alerts', [
    sampleAlert(NOW),
    sampleAlert(NOW, 'a2', {
      rule: 'inodes-full',
      summary: '/ has 1 % of its inodes left.',
      severity: 'medium',
      suppressedBy: 'Part of an incident of which people were told: / is 97 % full.',
    }),
  ]);
  await records.put('incidents', sampleIncidents(NOW));
}
