import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Channel } from '../../../src/act/notify/channel.ts';
import { createNotifier } from '../../../src/act/notify/notifier.ts';
import { createClient } from '../../../src/api/client.ts';
import { startAuspex } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Alert } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, missing, run, until } from '../prometheus/real-programs.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { webhookReceiver } from './receivers.ts';
import { toldIncident } from './told-incident.ts';

/* Against Prometheus's own Alertmanager: what is sent there, and what comes from there. */

const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const AMTOOL = '/usr/bin/amtool';
const noAlertmanager = missing(ALERTMANAGER, AMTOOL);
const log = createLogger('silent');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-alertmanager-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startAlertmanager(config: object, port: number): Promise<{ url: string; end(): Promise<void> }> {
  const folder = temporaryFolder();
  const file = join(folder, 'alertmanager.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const { child, words } = run(ALERTMANAGER, [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until(
    () => fetch(`${url}/-/ready`),
    ({ ok }) => ok,
    60_000,
    `Alertmanager (${words()})`,
  );
  const end = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  return { url, end };
}

interface Held {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}
const heldBy = async (url: string): Promise<Held[]> => (await (await fetch(`${url}/api/v2/alerts`)).json()) as Held[];

const quiet = { global: { resolve_timeout: '1s' }, route: { receiver: 'none' }, receivers: [{ name: 'none' }] };

test.skipIf(noAlertmanager !== '')(
  `the real Alertmanager holds an alert beyond its resolve_timeout and over its own restart, until its end${noAlertmanager}`,
  async () => {
    const port = await freePort();
    const first = await startAlertmanager(quiet, port);
    const outbound = createOutbound();
    onTestFinished(() => outbound.close());
    const channel: Channel = {
      kind: 'alertmanager',
      name: 'am',
      minSeverity: 'medium',
      timeout: 10_000,
      url: `http://127.0.0.1:${port}/`,
      user: null,
      password: null,
      token: null,
    };
    // Real time, and what is waited for is jumped over.
    const clock = { ahead: 0, now: () => Date.now() + clock.ahead, monotonic: () => performance.now() };
    const records = memoryRecordStore();
    const pageUrl = 'https://auspex.example/';
    const parts = {
      records,
      channels: [channel],
      clock,
      random: { next: () => 0.5 },
      outbound,
      log,
      pageUrl,
      groupMs: 0,
    };
    const notifier = createNotifier(parts);
    const tell = async (kind: 'firing' | 'resolved', more: Partial<Alert> = {}) => {
      const alert: Alert = {
        id: 'a1',
        rule: 'disk-full',
        kind: 'threshold',
        entityId: 'host:db-1',
        subject: '/var "x" \\ ü',
        resource: 'disk',
        severity: 'critical',
        state: 'firing',
        startedAt: clock.now() - 5000,
        firedAt: clock.now(),
        resolvedAt: null,
        lastAt: clock.now(),
        value: 0.97,
        limit: 0.95,
        unit: 'ratio',
        summary: 'Disk /var is 97 % full',
        action: 'Free space',
        findingId: null,
        suppressedBy: null,
        incidentId: null,
        ...more,
      };
      await records.put('alerts', [alert]);
      await records.put('incidents', [toldIncident('i-disk', 'a1')]);
      const about = {
        alertId: 'a1',
        incidentId: 'i-disk',
        channel: 'am',
        receiver: null,
        deduplicationKey: 'a1',
        severity: 'critical',
      } as const;
      await notifier.enqueue([
        { ...about, id: `a1-${kind}`, kind, title: 'critical: db-1', body: 'Disk /var.', createdAt: clock.now() },
      ]);
      await notifier.run();
    };
    const startedAt = Date.now() - 5000;
    await tell('firing', { startedAt });
    expect(await records.get('notifications', 'a1-firing')).toMatchObject({ state: 'delivered' });
    const [held] = await until(
      () => heldBy(first.url),
      (alerts) => alerts.length === 1,
      10_000,
      'the alert',
    );
    expect(held).toMatchObject({
      labels: {
        alertname: 'disk-full',
        severity: 'critical',
        entity: 'host:db-1',
        subject: '/var "x" \\ ü',
        resource: 'disk',
        job: 'auspex',
      },
      annotations: { summary: 'Disk /var is 97 % full', description: 'Disk /var.', action: 'Free space' },
      startsAt: new Date(startedAt).toISOString(),
      generatorURL: 'https://auspex.example',
      status: { state: 'active' },
    });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await heldBy(first.url)).toHaveLength(1);
    // It keeps alerts in memory only: one that was started again knows of none.
    await first.end();
    const second = await startAlertmanager(quiet, port);
    expect(await heldBy(second.url)).toEqual([]);
    clock.ahead += 60_000;
    await notifier.run();
    expect(await heldBy(second.url)).toMatchObject([{ labels: held?.labels, startsAt: held?.startsAt }]);
    // And so does an Auspex that was started again.
    clock.ahead -= 60_000;
    await second.end();
    const third = await startAlertmanager(quiet, port);
    await createNotifier(parts).run();
    expect(await heldBy(third.url)).toHaveLength(1);
    await tell('resolved', { startedAt, state: 'resolved', resolvedAt: Date.now() });
    await until(
      () => heldBy(third.url),
      (alerts) => alerts.length === 0,
      10_000,
      'the end',
    );
    clock.ahead += 120_000;
    await notifier.run();
    expect(await heldBy(third.url)).toEqual([]);
  },
  300_000,
);

test.skipIf(noAlertmanager !== '')(
  `an alert of the real Alertmanager is an alert here until its end, told once, and not sent back${noAlertmanager}`,
  async () => {
    const [auspexPort, port] = [await freePort(), await freePort()];
    const receiver = await webhookReceiver();
    onTestFinished(receiver.die);
    const folder = temporaryFolder();
    const file = join(folder, 'auspex.yaml');
    writeFileSync(
      file,
      JSON.stringify({
        server: { listen: `127.0.0.1:${auspexPort}` },
        collect: { host: false },
        store: { minFree: '1MB' },
        alerts: {
          rules: [{ name: 'own-rule', metric: 'queue', op: '>', limit: 5, for: '0s', hold: '0s', severity: 'high' }],
        },
        notify: {
          group: '0s',
          channels: [
            { kind: 'webhook', name: 'hook', url: receiver.url },
            { kind: 'alertmanager', name: 'am', url: `http://127.0.0.1:${port}` },
          ],
        },
      }),
    );
    const read = () => loadConfig({ env: {}, file, flags: { home: join(folder, 'home') } });
    const auspex = await startAuspex({ loaded: read(), reload: read, log, listen: true });
    onTestFinished(() => auspex.close());
    const { secret } = await auspex.access.addToken({ name: 'alertmanager', scope: 'ingest', expiresAt: null });
    const reader = await auspex.access.addToken({ name: 'reader', scope: 'read', expiresAt: null });
    const client = createClient({ baseUrl: auspex.url, token: reader.secret });
    const alerts = async () => (await client.call('alerts', { query: {} })).items;
    const { url } = await startAlertmanager(
      {
        route: {
          receiver: 'auspex',
          group_by: ['alertname'],
          group_wait: '4s',
          group_interval: '1s',
          repeat_interval: '1s',
        },
        receivers: [
          {
            name: 'auspex',
            webhook_configs: [
              {
                url: `${auspex.url}/api/alerts/alertmanager`,
                send_resolved: true,
                http_config: { authorization: { credentials: secret } },
              },
            ],
          },
        ],
      },
      port,
    );
    const amtool = (...args: string[]) => {
      const done = spawnSync(AMTOOL, [`--alertmanager.url=${url}`, ...args], { encoding: 'utf8' });
      expect({ status: done.status, said: done.stderr }).toEqual({ status: 0, said: '' });
    };
    const fire = (...more: string[]) => {
      for (const disk of ['sda', 'sdb']) {
        const labels = ['alertname=DiskSlow', 'severity=error', 'instance=db-1:9100', 'job=node', `disk=${disk}`];
        amtool('alert', 'add', ...labels, '--annotation=summary="The disk is slow"', ...more);
      }
    };
    amtool('alert', 'add', 'alertname=Watchdog', 'severity=none');
    fire();
    const firing = await until(alerts, (items) => items.length === 2, 60_000, 'the alerts');
    const bySubject = firing.toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
    expect(bySubject).toEqual(
      ['sda', 'sdb'].map((disk) =>
        expect.objectContaining({
          rule: 'DiskSlow',
          kind: 'external',
          state: 'firing',
          severity: 'high',
          entityName: 'node on db-1',
          summary: 'The disk is slow',
          incidentId: expect.stringMatching(/^[0-9a-f]{32}$/),
          subject: expect.stringMatching(new RegExp(`^\\{disk="${disk}"\\} #[0-9a-f]{16}$`)),
        }),
      ),
    );
    // One trouble: people are told of the first, the other is part of it.
    expect(new Set(firing.map(({ incidentId }) => incidentId)).size).toBe(1);
    expect(firing.filter(({ suppressedBy }) => suppressedBy === null)).toHaveLength(1);
    expect(auspex.engine.sentence()).toBe('node on db-1: The disk is slow.');
    await until(
      () => receiver.received,
      (got) => got.length > 0,
      30_000,
      'the message',
    );
    // Alertmanager has repeated both by then.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    expect(receiver.received.map((got) => got.json.alerts.length)).toEqual([1]);

    fire(`--end=${new Date().toISOString()}`);
    const ended = await until(
      async () => (await alerts()).filter(({ kind }) => kind === 'external'),
      (items) => items.every(({ state }) => state === 'resolved'),
      60_000,
      'the end',
    );
    expect(ended).toHaveLength(2);
    const kinds = () => receiver.received.flatMap((got) => got.json.alerts.map(({ kind }) => kind));
    await until(kinds, (all) => all.includes('resolved'), 30_000, 'the message of the end');

    // One of Auspex's own goes to Alertmanager, comes back from there, and stays one.
    const labels = ['__name__', 'queue', 'instance', 'db-1:9100', 'job', 'shop'];
    const record = () => auspex.engine.record([{ labels, kind: 'gauge', at: Date.now(), value: 9 }]);
    await until(
      async () => {
        await record();
        return (await heldBy(url)).map((held) => held.labels['alertname']);
      },
      (names) => names.includes('own-rule'),
      60_000,
      'the own alert',
    );
    // Its group has waited by then.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    expect((await alerts()).map(({ rule, kind }) => `${rule} ${kind}`).toSorted()).toEqual([
      'DiskSlow external',
      'DiskSlow external',
      'own-rule threshold',
    ]);
    expect((await heldBy(url)).map(({ labels }) => labels['alertname'])).toContain('own-rule');
    expect(receiver.received.flatMap((got) => got.json.alerts.map(({ kind }) => kind))).toEqual([
      'firing',
      'resolved',
      'firing',
    ]);
  },
  300_000,
);
