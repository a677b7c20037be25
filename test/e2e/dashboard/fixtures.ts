import type { z } from 'zod';
import type { OperationId, OperationOutput } from '../../../src/api/contract/index.ts';
import * as s from '../../../src/api/contract/index.ts';
import type { IncidentChange } from '../../../src/model/index.ts';
import { calendarEntry, plannedWithin } from './calendar-fixtures.ts';
import { Services } from './service-fixtures.ts';
import { Incidents } from './incident-fixtures.ts';
import { notificationAnswers } from './notification-fixtures.ts';
import { objectiveFixtures, ruleFixtures } from './rule-fixtures.ts';

/* Canned answers of the API for the browser tests. The server validates each with the contract's schemas before it sends it, so they cannot drift. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
type Gauge = z.infer<typeof s.gauge>;
type Entity = z.infer<typeof s.entity>;
type Anomaly = z.infer<typeof s.anomaly>;
type Alert = z.infer<typeof s.alert>;

/** A repeatable stand-in for chance. */
function noise(seed: number): number {
  const x = Math.sin(seed * 127.1 + 311.7) * 43_758.5453;
  return x - Math.floor(x);
}

/** What the pages are shown: `calm` is a healthy host, `busy` has findings and alerts, `new` learns, `fleet` is 300 hosts. */
export type Scene = 'calm' | 'busy' | 'new' | 'fleet' | 'empty';

const measured = { value: 0.92, band: 'very high', source: 'measured', sampleCount: 48 } as const;
const prior = { value: 0.8, band: 'high', source: 'prior', sampleCount: 0 } as const;

interface Figure {
  readonly label: string;
  readonly metric: string;
  readonly unit: string;
  readonly level: number;
  readonly swing: number;
  readonly detail: string;
}

const figures: Readonly<Record<Gauge['name'], Figure>> = {
  cpu: {
    label: 'CPU',
    metric: 'auspex_host_cpu_ratio',
    unit: 'ratio',
    level: 0.14,
    swing: 0.06,
    detail: '0.6 of 4 cores',
  },
  memory: {
    label: 'Memory',
    metric: 'auspex_host_memory_ratio',
    unit: 'ratio',
    level: 0.41,
    swing: 0.02,
    detail: '3.3 of 8 GiB',
  },
  swap: {
    label: 'Swap',
    metric: 'auspex_host_swap_ratio',
    unit: 'ratio',
    level: 0.02,
    swing: 0.002,
    detail: '41 MiB of 2 GiB',
  },
  disk: {
    label: 'Disk',
    metric: 'auspex_host_disk_ratio',
    unit: 'ratio',
    level: 0.71,
    swing: 0.001,
    detail: '/var, 148 of 208 GiB',
  },
  'disk-io': {
    label: 'Disk I/O',
    metric: 'auspex_host_disk_io_ratio',
    unit: 'ratio',
    level: 0.06,
    swing: 0.05,
    detail: 'nvme0n1 busy',
  },
  network: {
    label: 'Network',
    metric: 'auspex_host_network_receive_bytes_per_second',
    unit: 'bytes/s',
    level: 2_400_000,
    swing: 1_200_000,
    detail: '1.6 in, 0.7 MiB/s out',
  },
  load: {
    label: 'Load',
    metric: 'auspex_host_load_per_core',
    unit: 'count',
    level: 0.31,
    swing: 0.15,
    detail: 'per core, 1.24 in all',
  },
  processes: {
    label: 'Processes',
    metric: 'auspex_host_process_count',
    unit: 'count',
    level: 243,
    swing: 6,
    detail: '2 running, 241 asleep',
  },
  pressure: {
    label: 'Pressure',
    metric: 'auspex_host_pressure_cpu_ratio',
    unit: 'ratio',
    level: 0.012,
    swing: 0.01,
    detail: 'tasks waited for CPU',
  },
};

function valueAt(name: string, at: number, busySince: number | null): number {
  const [key, f] = Object.entries(figures).find(([, fig]) => fig.metric === name) ?? ['', figures.cpu];
  const wave = Math.sin((at / hour) * 2.1 + name.length) * 0.5;
  const base = f.level + f.swing * (wave + (noise(Math.floor(at / 10_000) + name.length) - 0.5) * 0.9);
  if (busySince !== null && at >= busySince && key === 'cpu') return Math.min(1, 0.94 + noise(at) * 0.04);
  if (busySince !== null && at >= busySince && key === 'load') return 1.9 + noise(at) * 0.2;
  return Math.max(0, base);
}

export class World {
  readonly scene: Scene;
  readonly now: number;
  readonly busySince: number | null;
  readonly judged = new Map<string, Anomaly['verdict']>();
  readonly extra: Anomaly[] = [];
  readonly incidents: Incidents;
  readonly services: Services;
  /** Whether who looks may only look. */
  isViewer = false;
  /** The sentence last sent; an answer read after it says the same. */
  said: string | null = null;

  constructor(scene: Scene, now: number) {
    this.scene = scene;
    this.now = now;
    this.busySince = scene === 'busy' || scene === 'fleet' ? now - 11 * minute : null;
    this.incidents = new Incidents(now, this.busySince !== null);
    this.services = new Services((ago) => this.iso(ago), scene === 'empty' || scene === 'new');
  }

  iso(ago = 0): string {
    return new Date(this.now - ago).toISOString();
  }

  gauges(host: number): Gauge[] {
    const busy = host === 0 ? this.busySince : null;
    return Object.entries(figures).map(([name, f]) => {
      const value = valueAt(f.metric, this.now - host * 17_000, busy);
      const learning = this.scene === 'new';
      const lower = Math.max(0, f.level - f.swing);
      const upper = f.level + f.swing;
      return {
        name: name as Gauge['name'],
        label: f.label,
        value,
        unit: f.unit,
        at: this.iso(4000),
        lower: learning ? null : lower,
        upper: learning ? null : upper,
        unusual: !learning && busy !== null && (name === 'cpu' || name === 'load'),
        detail: f.detail,
      };
    });
  }

  host(index: number): Entity {
    const busy = index === 0 && this.busySince !== null;
    const stale = this.scene === 'fleet' && index === 7;
    const state = this.scene === 'new' ? 'learning' : busy ? 'alerting' : stale ? 'stale' : 'ok';
    const name = index === 0 ? 'db-1' : `web-${index}`;
    const sentence = busy
      ? `${name}: CPU at 96 % since ${Math.round((this.now - (this.busySince ?? 0)) / minute)} min, usually 8–20 %.`
      : state === 'learning'
        ? `${name} is being learnt.`
        : stale
          ? `${name} has sent nothing for 4 min.`
          : `${name} is well.`;
    return {
      id: `host:${index.toString(16).padStart(8, '0')}`,
      kind: 'host',
      name,
      timeZone: 'Europe/Berlin',
      firstSeenAt: this.iso(31 * day),
      lastSeenAt: this.iso(stale ? 4 * minute : 4000),
      aliases: [`${name}:9100`],
      attributes: { os: 'Debian 13', kernel: '6.12', cores: '4', memory: '8 GiB' },
      state,
      sentence,
      health: busy ? 61 : 97,
      openAnomalies: busy ? 2 : 0,
      firingAlerts: busy ? 1 : 0,
      seriesCount: 412,
    };
  }

  hosts(): Entity[] {
    const count = this.scene === 'fleet' ? 300 : this.scene === 'busy' ? 2 : this.scene === 'empty' ? 0 : 1;
    return Array.from({ length: count }, (_, i) => this.host(i));
  }

  anomaly(id: string, more: Partial<Anomaly>): Anomaly {
    const host = this.host(0);
    return {
      id,
      type: 'anomaly',
      entityId: host.id,
      entityName: host.name,
      detector: 'entity',
      subject: 'cpu',
      resource: 'cpu',
      severity: 'critical',
      score: 0.998,
      direction: 'high',
      onsetAt: this.iso(11 * minute),
      detectedAt: this.iso(11 * minute - 20_000),
      lastAt: this.iso(4000),
      endedAt: null,
      status: 'open',
      verdict: this.judged.get(id) ?? 'none',
      confidence: measured,
      summary: 'uses 96 % of its CPU, usually 8–20 %; ffmpeg takes 3.7 of 4 cores.',
      pages: true,
      ...more,
    };
  }

  anomalies(): Anomaly[] {
    if (this.busySince === null) return [...this.extra];
    const ended = (
      id: string,
      severity: Anomaly['severity'],
      agoH: number,
      summary: string,
      more: Partial<Anomaly> = {},
    ) =>
      this.anomaly(id, {
        severity,
        onsetAt: this.iso(agoH * hour),
        detectedAt: this.iso(agoH * hour - 30_000),
        lastAt: this.iso(agoH * hour - 14 * minute),
        endedAt: this.iso(agoH * hour - 14 * minute),
        status: 'ended',
        detector: 'metric',
        pages: false,
        summary,
        confidence: prior,
        ...more,
      });
    return [
      ...this.extra,
      this.anomaly('f-cpu', {}),
      this.anomaly('f-retrans', {
        detector: 'metric',
        subject: 'node_netstat_Tcp_RetransSegs{instance="db-1"}',
        resource: 'network',
        severity: 'medium',
        score: 0.97,
        onsetAt: this.iso(26 * minute),
        summary: 'sends 41 TCP segments again a second, usually 0–3.',
        pages: false,
      }),
      ended('f-disk', 'high', 5, 'wrote 212 MiB/s to nvme0n1, usually up to 30 MiB/s.', {
        resource: 'disk-io',
        verdict: 'confirmed',
      }),
      ended('f-mem', 'medium', 9, 'used 64 % of its memory, usually 39–43 %.', {
        resource: 'memory',
        verdict: 'normal',
      }),
      ended('f-fork', 'medium', 14, 'started 180 processes a second, usually up to 12.', { resource: 'processes' }),
    ];
  }

  alerts(): Alert[] {
    if (this.busySince === null) return [];
    const cpu: Alert = {
      id: 'a-cpu',
      rule: 'cpu-saturated',
      kind: 'threshold',
      entityId: 'host:00000000',
      entityName: 'db-1',
      subject: 'auspex_host_cpu_ratio',
      resource: 'cpu',
      severity: 'critical',
      state: 'firing',
      startedAt: this.iso(11 * minute),
      firedAt: this.iso(9 * minute),
      resolvedAt: null,
      lastAt: this.iso(4000),
      value: 0.96,
      limit: 0.95,
      unit: 'ratio',
      summary: 'has no CPU left: 96 % for 11 min.',
      action: 'ffmpeg (pid 4182) takes 3.7 of 4 cores; stop it or give it a CPU limit.',
      findingId: 'f-cpu',
      suppressedBy: null,
      incidentId: 'i-cpu',
    };
    const web = { ...cpu, entityId: 'host:00000001', entityName: 'web-1', findingId: null, severity: 'high' as const };
    return [
      cpu,
      {
        ...web,
        id: 'a-errors',
        rule: 'service-failing',
        resource: 'errors',
        startedAt: this.iso(6 * minute),
        firedAt: this.iso(5 * minute),
        value: 0.041,
        limit: 0.01,
        summary: 'shop on web-1 fails 4.1 % of requests, limit 1 %.',
        suppressedBy: 'Part of an incident of which people were told: CPU saturation: ffmpeg on db-1',
      },
      {
        ...web,
        id: 'a-disk',
        rule: 'disk-nearly-full',
        severity: 'medium',
        resource: 'disk',
        startedAt: this.iso(190 * minute),
        firedAt: this.iso(188 * minute),
        value: 0.91,
        limit: 0.9,
        summary: '/var on web-1 is 91 % full.',
        suppressedBy: 'Silenced by operator until noon: Restore runs until noon',
        incidentId: 'i-disk',
      },
    ];
  }

  overview(): OperationOutput<'overview'> {
    const hosts = this.hosts();
    const busy = this.busySince !== null;
    const sentences: Record<Scene, string> = {
      calm: 'db-1 is well. Nothing is foreseen to run out in 30 days.',
      busy: 'db-1 has no CPU left: ffmpeg takes 3.7 of 4 cores. The other host is well.',
      new: 'db-1 runs; what is usual for it is not learnt yet.',
      fleet: '298 of 300 hosts are well. db-1 has no CPU left; web-7 has sent nothing for 4 min.',
      empty: 'No host reports yet.',
    };
    return {
      sentence: this.said ?? sentences[this.scene],
      at: this.iso(),
      hosts: hosts.map((h, i) => ({ ...h, gauges: this.gauges(i) })),
      others: [],
      othersCount: 0,
      anomalies: this.anomalies().filter((a) => a.status === 'open'),
      alerts: this.alerts(),
      outlook: busy
        ? [
            {
              kind: 'bottleneck',
              entityId: 'host:00000000',
              entityName: 'db-1',
              component: 'memory used',
              sentence:
                'db-1’s memory used may reach 95 % in about 8 min (6–12): by 1.2 % a minute since 12:03, 86 % now',
              severity: 'high',
              dueAt: this.iso(-8 * minute),
              fromAt: this.iso(-6 * minute),
              toAt: this.iso(-12 * minute),
              advice: 'End or limit what takes the memory, or add some',
              confidence: prior,
              record: 'No such forecast has been made yet.',
            },
            {
              kind: 'capacity',
              entityId: 'host:00000000',
              entityName: 'db-1',
              component: 'disk used /var',
              sentence: 'db-1: /var is full in 9 days (7–12).',
              severity: 'high',
              dueAt: this.iso(-9 * day),
              fromAt: this.iso(-7 * day),
              toAt: this.iso(-12 * day),
              advice: 'Free space or add some before then',
              confidence: measured,
              record: 'Of 48 such forecasts 44 held.',
            },
            {
              kind: 'capacity',
              entityId: 'host:00000001',
              entityName: 'web-1',
              component: 'memory used',
              sentence: 'web-1: memory reaches 90 % in 24 days (15–41).',
              severity: 'medium',
              dueAt: this.iso(-24 * day),
              fromAt: this.iso(-15 * day),
              toAt: this.iso(-41 * day),
              advice: 'Add 18 % of what there is within 15 days, so that the peaks of the next 30 days use 80 %',
              confidence: prior,
              record: 'No such forecast has been made yet.',
            },
          ]
        : [],
      trackRecord:
        this.scene === 'new' || this.scene === 'empty'
          ? {
              sentence: 'Nothing foretold has fallen due yet.',
              scored: 0,
              held: 0,
              pagesThisWeek: 0,
              needlessPagesThisWeek: 0,
            }
          : {
              sentence: 'Of 1,204 predictions that fell due, 1,108 held, as often as was said.',
              scored: 1204,
              held: 1108,
              pagesThisWeek: 2,
              needlessPagesThisWeek: 0,
            },
      learning:
        this.scene === 'new'
          ? 'Needs 20 more minutes for what is usual; forecasts come tomorrow, seasons in two weeks.'
          : null,
      status: 'ok',
    };
  }

  chart(query: URLSearchParams): OperationOutput<'chart'> {
    const to = Date.parse(query.get('to') ?? '') || this.now;
    const from = Date.parse(query.get('from') ?? '') || to - hour;
    const points = Math.min(Number(query.get('points') ?? 600), 600);
    const stepMs = Math.max(10_000, Math.ceil((to - from) / points / 10_000) * 10_000);
    const wanted = query.get('ref')?.split(',').map(Number);
    const all = this.series();
    const metric = query.get('metric');
    const chosen =
      wanted === undefined ? all.filter((x) => x.name === metric) : all.filter((x) => wanted.includes(x.ref));
    const start = Math.ceil(from / stepMs) * stepMs;
    const times: number[] = [];
    for (let t = start; t <= Math.min(to, this.now); t += stepMs) times.push(t);
    const host = query.get('entity') ?? 'host:00000000';
    const busy = host.endsWith('0000') ? this.busySince : null;
    const series = chosen.map((x, i) => {
      // A hole of ten minutes: a gap stays a gap.
      const hole = (t: number) => this.scene !== 'calm' && t > this.now - 48 * minute && t < this.now - 43 * minute;
      const value = (t: number) =>
        hole(t) ? null : valueAt(x.name, t, busy) * (x.labels['mountpoint'] === '/' ? 0.6 : 1) * (1 + i * 0.07);
      const mean = times.map(value);
      const ripple = 1 + Math.min(0.25, stepMs / hour);
      return {
        ref: x.ref,
        labels: x.labels,
        name: x.name,
        unit: unitOf(x.name),
        rate: x.kind === 'counter',
        stepMs,
        timesMs: times,
        mean,
        min: mean.map((v) => (v === null ? null : v / ripple)),
        max: mean.map((v) => (v === null ? null : v * ripple)),
      };
    });
    const figure = Object.values(figures).find((f) => f.metric === chosen[0]?.name);
    return {
      fromAt: new Date(from).toISOString(),
      toAt: new Date(to).toISOString(),
      series,
      expected:
        series.length !== 1 || figure === undefined
          ? null
          : this.scene === 'new'
            ? { lower: null, upper: null, mean: null, learning: 'usual in 20 min' }
            : {
                lower: Math.max(0, figure.level - figure.swing),
                upper: figure.level + figure.swing,
                mean: figure.level,
                learning: null,
              },
      anomalies:
        busy !== null && figure === figures.cpu
          ? [
              {
                id: 'f-cpu',
                fromAt: new Date(busy).toISOString(),
                toAt: null,
                severity: 'critical',
                summary: 'no CPU left',
              },
            ]
          : [],
      marks: [{ at: this.iso(37 * minute), kind: 'job', text: 'backup' }],
      truncated: false,
    };
  }

  /** What the chart says is usual, from the second step on. */
  chartBand(query: URLSearchParams): OperationOutput<'chartBand'> {
    query.set('points', '300');
    const { series, expected } = this.chart(query);
    const { timesMs, stepMs, ref } = series[0] ?? { timesMs: [], stepMs: 1, ref: 0 };
    const of = (value: number | null = null) => timesMs.map((_, i) => (i === 0 ? null : value));
    return { ref, stepMs, timesMs, mean: of(expected?.mean), lower: of(expected?.lower), upper: of(expected?.upper) };
  }

  /** The largest value of the chart, and one at its middle. */
  seriesScores(query: URLSearchParams): OperationOutput<'seriesScores'> {
    query.set('points', '300');
    const { series, expected } = this.chart(query);
    const { timesMs, mean, ref } = series[0] ?? { timesMs: [], mean: [], ref: 0 };
    const largest = mean.reduce<number>((most, value, i) => ((value ?? 0) > (mean[most] ?? 0) ? i : most), 0);
    const rows = timesMs.length === 0 ? [] : [Math.floor(timesMs.length / 2), largest];
    const of = (value: number | null = null) => rows.map(() => value);
    return {
      ref,
      timesMs: rows.map((row) => timesMs[row] ?? 0),
      values: rows.map((row) => mean[row] ?? null),
      score: rows.map((_, i) => 3 + 2 * i),
      expected: of(expected?.mean),
      lower: of(expected?.lower),
      upper: of(expected?.upper),
      severity: rows.map((_, i) => (i === 0 ? 'medium' : 'high')),
      truncated: false,
    };
  }

  series(): OperationOutput<'series'>['items'] {
    const one = (name: string, more: Record<string, string> = {}) => ({
      name,
      labels: { __name__: name, instance: 'db-1', job: 'auspex', ...more },
    });
    const list = [
      ...Object.values(figures)
        .filter((f) => f !== figures.disk)
        .map((f) => one(f.metric)),
      one('auspex_host_disk_ratio', { mountpoint: '/' }),
      one('auspex_host_disk_ratio', { mountpoint: '/var' }),
      one('auspex_host_network_transmit_bytes_per_second'),
      one('auspex_host_disk_read_bytes_per_second'),
      one('auspex_host_disk_write_bytes_per_second'),
      one('auspex_host_pressure_memory_ratio'),
      one('auspex_host_pressure_io_ratio'),
      ...Array.from({ length: 8 }, (_, cpu) => one('node_cpu_seconds_total', { cpu: String(cpu), mode: 'user' })),
    ];
    return list.map((x, ref) => ({
      ref,
      ...x,
      kind: x.name.endsWith('_total') ? 'counter' : 'gauge',
      entityId: 'host:00000000',
    }));
  }

  forecast(component: string, metric: string, horizonMs: number): OperationOutput<'forecasts'>['items'][number] {
    const unit = unitOf(metric);
    const grows = metric.includes('disk_ratio');
    const back = Math.min(horizonMs, 7 * day);
    const timesMs = Array.from({ length: 120 }, (_, i) => this.now - back + (i * back) / 119);
    const level = valueAt(metric, this.now, null);
    const points = Array.from({ length: 60 }, (_, i) => {
      const at = this.now + ((i + 1) * horizonMs) / 60;
      const mean = grows
        ? Math.min(1, level + ((at - this.now) / day) * 0.032)
        : level * (1 + 0.15 * Math.sin(((at - this.now) / day) * 6.28));
      const wide = level * 0.04 + (grows ? ((at - this.now) / day) * 0.008 : level * 0.12 * Math.sqrt((i + 1) / 60));
      return {
        at: new Date(at).toISOString(),
        mean,
        lower: Math.max(0, mean - wide),
        upper: unit === 'ratio' ? Math.min(1, mean + wide) : mean + wide,
      };
    });
    return {
      type: 'forecast',
      entityId: 'host:00000000',
      entityName: 'db-1',
      component,
      unit,
      value: points[points.length - 1]?.mean ?? null,
      horizonSeconds: horizonMs / 1000,
      model: grows ? 'linear trend' : 'seasonal smoothing',
      madeAt: this.iso(),
      level: 0.95,
      points,
      history: {
        timesMs,
        values: timesMs.map((t) =>
          grows
            ? level - ((this.now - t) / day) * 0.032
            : valueAt(metric, t, null) * (1 + 0.15 * Math.sin(((t - this.now) / day) * 6.28)),
        ),
      },
      explanation: grows
        ? 'It grew 6.7 GiB a day over the last 14 days, without a season.'
        : 'It follows the time of day; the last week weighs most.',
      features: ['value an hour ago', 'same hour yesterday', 'trend of 14 days'],
      recommendations: grows ? ['Look at /var/lib/postgresql: it holds 118 of 148 GiB.'] : [],
      confidence: measured,
      backtest: { error: 0.62, naiveError: 1, folds: 12 },
      exhaustion: grows
        ? {
            limit: 1,
            at: this.iso(-9 * day),
            fromAt: this.iso(-7 * day),
            toAt: this.iso(-12 * day),
            sentence: '/var is full in 9 days (7–12).',
          }
        : null,
      learning: null,
    };
  }
}

function unitOf(name: string): string {
  if (name.endsWith('_ratio')) return 'ratio';
  if (name.endsWith('bytes_per_second')) return 'bytes/s';
  if (name.endsWith('seconds_total')) return 'cores';
  return 'count';
}

const horizonMs: Readonly<Record<string, number>> = {
  '15m': 15 * minute,
  '1h': hour,
  '24h': day,
  '48h': 2 * day,
  '7d': 7 * day,
  '30d': 30 * day,
};

type Answer = (
  world: World,
  params: Readonly<Record<string, string>>,
  query: URLSearchParams,
  body: unknown,
) => unknown;

/** What the fixture server answers, by operation. */
export const answers: { readonly [K in OperationId]?: Answer } = {
  session: (w) => (w.isViewer ? { ...session, scope: 'read', role: 'viewer' } : session),
  signInWays: () => ({ provider: 'Example Ltd' }),
  signIn: (_w, _p, _q, body) => ({ ...session, userId: (body as { name: string }).name }),
  users: (w) => ({
    items: [
      user(w, 'ann', 'admin', 'active', 2),
      user(w, 'bob', 'operator', 'invited', 0),
      user(w, 'carol', 'viewer', 'disabled', 0),
      user(w, 'dave.with-a-very-long-name@operations.example', 'approver', 'active', 1),
    ],
  }),
  addUser: (w, _p, _q, body) => ({
    ...user(w, (body as { name: string }).name, 'viewer', 'invited', 0),
    ...(body as object),
    link: userLink(w),
  }),
  changeUser: (w, { id = '' }, _q, body) => ({ ...user(w, id, 'viewer', 'active', 0), ...(body as object) }),
  resetUser: (w) => userLink(w),
  overview: (w) => w.overview(),
  entities: (w) => ({ items: w.hosts() }),
  entity: (w, { id }) => {
    const index = w.hosts().findIndex((h) => h.id === id || h.name === id);
    if (index === -1) return undefined;
    const host = w.host(index);
    return {
      ...host,
      healthDetail: {
        score: host.health,
        sentence: index === 0 && w.busySince !== null ? 'CPU drags it down.' : 'Nothing drags it down.',
        dimensions: [
          {
            name: 'CPU',
            score: index === 0 && w.busySince !== null ? 4 : 96,
            weight: 0.3,
            reason: 'share left, and how long tasks wait',
          },
          { name: 'Memory', score: 92, weight: 0.3, reason: '4.7 GiB available, no swapping' },
          { name: 'Disk', score: 88, weight: 0.2, reason: '/var is 71 % full' },
          { name: 'Network', score: 99, weight: 0.2, reason: 'no errors, few segments sent again' },
        ],
      },
      gauges: w.gauges(index),
      processes: [
        { name: 'ffmpeg', pid: 4182, cpuCores: 3.71, residentBytes: 812 * 2 ** 20, count: 1 },
        { name: 'postgres', pid: 911, cpuCores: 0.22, residentBytes: 1.9 * 2 ** 30, count: 14 },
        { name: 'node', pid: 1204, cpuCores: 0.04, residentBytes: 142 * 2 ** 20, count: 1 },
        { name: 'sshd', pid: 702, cpuCores: 0.001, residentBytes: 9 * 2 ** 20, count: 3 },
      ],
      learning: w.scene === 'new' ? 'Needs 20 more minutes for what is usual; forecasts come tomorrow.' : null,
      unseen: ['I/O of other users’ processes: start Auspex with CAP_SYS_PTRACE to see it.'],
    };
  },
  performance: (w, { id }) => ({
    type: 'performance',
    entityId: id,
    value: w.scene === 'new' ? null : w.busySince === null ? 95 : 58,
    load: w.busySince === null ? 22 : 91,
    loadWarning: w.busySince !== null,
    at: w.iso(4000),
    dueAt: w.iso(-15 * minute),
    confidence: measured,
    lower: 49,
    upper: 68,
    baseline: 61,
    features: [
      {
        feature: 'CPU used',
        labels: {},
        value: 0.96,
        expected: 0.14,
        lower: 0.08,
        upper: 0.2,
        unit: 'ratio',
        share: 0.71,
      },
      {
        feature: 'load per core',
        labels: {},
        value: 1.98,
        expected: 0.31,
        lower: 0.16,
        upper: 0.46,
        unit: 'count',
        share: 0.22,
      },
      {
        feature: 'memory used',
        labels: {},
        value: 0.41,
        expected: 0.41,
        lower: 0.39,
        upper: 0.43,
        unit: 'ratio',
        share: 0.07,
      },
    ],
    explanation:
      w.busySince === null
        ? 'Load is low and steady.'
        : 'CPU is spent and does not fall; it stays low while ffmpeg runs.',
    recommendations: w.busySince === null ? [] : ['Limit ffmpeg (pid 4182) to 2 cores.'],
    model: 'random forest, version 3',
    learning: w.scene === 'new' ? 'Needs 40 more minutes.' : null,
  }),
  patterns: (w, { id }) => ({
    items: [
      { component: 'CPU used', type: 'volatile', trend: 0.001, seconds: 86_400 },
      { component: 'memory used', type: 'stable', trend: 0, seconds: null },
      { component: 'disk used /var', type: 'trending', trend: 0.032, seconds: null },
    ].map((p) => ({
      type: p.type,
      entityId: id,
      component: p.component,
      unit: 'ratio',
      value: 0.7,
      at: w.iso(),
      confidence: measured,
      trendPerDay: p.trend,
      robustTrendPerDay: p.trend,
      polynomial: [0.4, p.trend],
      periods: p.seconds === null ? [] : [{ seconds: p.seconds, strength: 0.6 }],
      changePoints: p.type === 'volatile' ? [{ at: w.iso(2 * day), before: 0.12, after: 0.16 }] : [],
      features: ['7 days in steps of 5 min'],
      explanation: p.type === 'trending' ? 'It grows in a straight line.' : 'Nothing to do.',
      recommendations: [],
    })),
  }),
  metrics: (w, _p, q) => {
    const names = [...new Set(w.series().map((x) => x.name))];
    const wanted = q.get('search')?.toLowerCase() ?? '';
    return {
      items: names
        .map((name) => ({
          name,
          title:
            Object.values(figures).find((f) => f.metric === name)?.label ??
            name.replace(/^auspex_host_|^node_/, '').replaceAll('_', ' '),
          unit: unitOf(name),
          kind: name.endsWith('_total') ? 'counter' : 'gauge',
          seriesCount: w.series().filter((x) => x.name === name).length,
          unusual: w.busySince !== null && name === figures.cpu.metric,
        }))
        .filter((m) => wanted === '' || m.name.includes(wanted) || m.title.toLowerCase().includes(wanted)),
    };
  },
  series: (w) => ({ items: w.series() }),
  chart: (w, _p, q) => w.chart(q),
  chartBand: (w, _p, q) => w.chartBand(q),
  seriesScores: (w, _p, q) => w.seriesScores(q),
  cardinality: (w) => ({
    seriesCount: 826,
    limit: 100_000,
    byMetric: [
      { name: 'node_cpu_seconds_total', seriesCount: 64 },
      { name: 'node_network_receive_bytes_total', seriesCount: 24 },
      { name: 'namedprocess_namegroup_memory_bytes', seriesCount: 20 },
    ],
    byLabel: [
      { name: 'mode', valueCount: 8 },
      { name: 'device', valueCount: 6 },
    ],
    byEntity: w
      .hosts()
      .slice(0, 20)
      .map((h) => ({ entityId: h.id, name: h.name, seriesCount: 412 })),
    refusedSamples: 0,
  }),
  anomalies: (w, _p, q) => {
    const status = q.get('status');
    const severity = q.get('severity');
    const items = w
      .anomalies()
      .filter(
        (a) =>
          (status === null || a.status === status) &&
          (severity === null || a.severity === severity) &&
          (q.get('entity') ?? a.entityId) === a.entityId,
      );
    return { items, nextCursor: null };
  },
  anomaly: (w, { id }) => {
    const found = w.anomalies().find((a) => a.id === id);
    if (found === undefined) return undefined;
    return {
      ...found,
      features: [
        {
          feature: 'CPU used',
          labels: { __name__: 'auspex_host_cpu_ratio', instance: 'db-1' },
          value: 0.96,
          expected: 0.14,
          lower: 0.08,
          upper: 0.2,
          unit: 'ratio',
          share: 0.68,
        },
        {
          feature: 'load per core',
          labels: { __name__: 'auspex_host_load_per_core', instance: 'db-1' },
          value: 1.98,
          expected: 0.31,
          lower: 0.16,
          upper: 0.46,
          unit: 'count',
          share: 0.25,
        },
        {
          feature: 'disk reads',
          labels: { __name__: 'auspex_host_disk_read_bytes_per_second', instance: 'db-1' },
          value: 9_400_000,
          expected: 1_200_000,
          lower: 0,
          upper: 4_000_000,
          unit: 'bytes/s',
          share: 0.07,
        },
      ],
      culprits: [{ kind: 'process', name: 'ffmpeg', pid: 4182, evidence: 'uses 3.7 cores, not seen before today' }],
      recommendations: [
        'See what started ffmpeg (pid 4182): its parent is cron.',
        'If it is meant to run, give it a limit: systemd-run -p CPUQuota=200% …',
      ],
      counterfactual:
        'With CPU used below 31 % the host would not have been unusual: that alone makes two thirds of the score.',
      trackRecord: { confirmed: 9, dismissed: 2, normal: 3 },
    };
  },
  judgeAnomaly: (w, { id }, _q, body) => {
    w.judged.set(id ?? '', (body as { verdict: Anomaly['verdict'] }).verdict);
    return w.anomaly(id ?? '', {});
  },
  alerts: (w, _p, q) => ({
    items: w
      .alerts()
      .filter((a) => (q.get('incident') ?? a.incidentId) === a.incidentId && (q.get('state') ?? a.state) === a.state),
    nextCursor: null,
  }),
  incidents: (w, _p, q) => ({ items: w.incidents.list(q), nextCursor: null }),
  incident: (w, { id = '' }) => w.incidents.one(id),
  similarIncidents: (w, { id = '' }) => {
    const items = w.incidents.similar(id);
    return items === undefined ? undefined : { items };
  },
  changeIncident: (w, { id = '' }, _q, body) => w.incidents.change(id, body as IncidentChange),
  services: (w) => w.services.list(),
  serviceGraph: (w) => w.services.graph(),
  service: (w, { id = '' }) => w.services.one(id),
  changeService: (w, { id = '' }) => w.services.one(id),
  removeService: (w, { id = '' }) => w.services.remove(id),
  changeDependency: (w) => w.services.graph(),
  alertRules: () => ({
    items: [
      {
        name: 'cpu-saturated',
        kind: 'threshold',
        summary: 'No CPU is left',
        condition: 'CPU used > 95 %',
        forSeconds: 120,
        severity: 'critical',
        action: 'Find the process on the host’s page.',
        source: 'starter',
        enabled: true,
      },
      {
        name: 'disk-nearly-full',
        kind: 'threshold',
        summary: 'A mount is nearly full',
        condition: 'disk used > 90 %',
        forSeconds: 300,
        severity: 'high',
        action: 'Free space or grow the mount.',
        source: 'starter',
        enabled: true,
      },
    ],
  }),
  rules: (w) => ruleFixtures(w.iso(5_000)),
  objectives: () => ({ items: objectiveFixtures }),
  addObjective: () => objectiveFixtures[2],
  changeObjective: () => objectiveFixtures[2],
  importRules: (_, _params, query) => ({
    name: query.get('name') ?? '',
    kept: query.get('dryRun') !== 'true',
    groups: [{ name: 'redis', intervalSeconds: 60, rules: [{ name: 'RedisDown', kind: 'alert', severity: 'high' }] }],
    problems: [
      {
        kind: 'fault',
        file: query.get('name') ?? '',
        line: 9,
        group: 'redis',
        rule: 'RedisFull',
        message: 'position 3: the expression ends too early.',
      },
    ],
  }),
  tryRule: (w) => ({
    from: w.iso(24 * hour),
    to: w.iso(),
    fired: 2,
    alerts: [
      { labels: { instance: 'db-1:9100', mountpoint: '/var' }, firedAt: w.iso(9 * hour), resolvedAt: w.iso(8 * hour) },
      { labels: { instance: 'db-1:9100', mountpoint: '/' }, firedAt: w.iso(2 * hour), resolvedAt: null },
    ],
  }),
  silences: (w) => ({
    items: [
      {
        id: 's1',
        entityId: 'host:00000000',
        rule: 'disk-nearly-full',
        subject: null,
        startsAt: w.iso(hour),
        endsAt: w.iso(-3 * hour),
        reason: 'Restore runs until noon',
        createdBy: 'operator',
        createdAt: w.iso(hour),
      },
    ],
  }),
  addSilence: (w, _p, _q, body) => ({
    id: 's2',
    startsAt: w.iso(),
    createdBy: 'operator',
    createdAt: w.iso(),
    rule: null,
    subject: null,
    entityId: null,
    ...(body as object),
  }),
  calendar: (w, _p, query) => plannedWithin(w, query),
  addCalendarEntry: (w, _p, _q, body) => ({ ...calendarEntry(w, 'c9'), ...(body as object) }),
  changeCalendarEntry: (w, params, _q, body) => ({ ...calendarEntry(w, params['id'] ?? ''), ...(body as object) }),
  ...notificationAnswers,
  testChannel: () => ({ delivered: true, detail: 'Accepted by mail.example.org in 210 ms.' }),
  outlook: (w, _p, q) => {
    const asked = q.get('entity');
    return { items: w.overview().outlook.filter(({ entityId }) => asked === null || entityId === asked) };
  },
  forecasts: (w, _p, q) => {
    const ahead = horizonMs[q.get('horizon') ?? '24h'] ?? day;
    if (w.scene === 'new')
      return {
        items: [
          {
            ...w.forecast('CPU used', figures.cpu.metric, ahead),
            points: [],
            history: { timesMs: [], values: [] },
            learning: 'Needs 20 more hours of history.',
            exhaustion: null,
            value: null,
          },
        ],
      };
    return {
      items: [
        w.forecast('disk used /var', figures.disk.metric, ahead),
        w.forecast('CPU used', figures.cpu.metric, ahead),
        w.forecast('memory used', figures.memory.metric, ahead),
        w.forecast('network received', figures.network.metric, ahead),
      ],
    };
  },
  models: (w) => ({
    items: ['isolation-forest', 'performance-forest', 'forecast-ensemble'].map((name, i) => ({
      ...modelOf(w, name, 3),
      health: (['good', 'good', 'drifting'] as const)[i],
      healthReason: (
        [
          'Scores as it did when trained.',
          'Error 31 % below “as it is now”.',
          'Error up by 22 % in two days; trained anew tonight.',
        ] as const
      )[i],
      nextTrainingAt: w.iso(-9 * hour),
    })),
  }),
  model: (w, { name }) => ({
    items: [modelOf(w, name ?? '', 3), { ...modelOf(w, name ?? '', 2), status: 'previous' as const }],
  }),
  trainModel: (w, { name }) => ({
    items: [
      {
        name,
        entityId: 'host:00000000',
        trained: true,
        reason: 'Trained on 8,640 samples in 420 ms.',
        model: modelOf(w, name ?? '', 4),
      },
    ],
  }),
  promoteModel: (w, { name }) => modelOf(w, name ?? '', 2),
  ledger: (w) => ({
    items:
      w.scene === 'new' || w.scene === 'empty'
        ? []
        : [
            record('forecast', 'seasonal smoothing', 900, 640, 610, 0.95, 0.953, 0.021, 0.034),
            record('forecast', 'seasonal smoothing', 86_400, 412, 371, 0.95, 0.9, 0.044, 0.061),
            record('performance', 'random forest', 900, 104, 92, 0.9, 0.885, 3.1, 4.4),
            record('disk-full', 'linear trend', 604_800, 48, 44, 0.9, 0.917, 0.009, 0.011),
            record('forecast', 'linear trend', 2_592_000, 0, 0, 0.95, null, null, null),
          ],
  }),
  predictions: (w, _p, q) => {
    const outcome = q.get('outcome');
    const rows = (['pending', 'true', 'true', 'false', 'true', 'averted', 'unknown'] as const).map((o, i) => ({
      id: `p${i}`,
      type: 'forecast',
      entityId: 'host:00000000',
      entityName: 'db-1',
      component: ['CPU used', 'memory used', 'disk used /var'][i % 3],
      model: 'seasonal smoothing',
      modelVersion: 3,
      madeAt: w.iso((i + 1) * 20 * minute),
      dueAt: w.iso((i + 1) * 20 * minute - 15 * minute - (o === 'pending' ? hour : 0)),
      horizonSeconds: 900,
      value: 0.14 + i * 0.02,
      unit: 'ratio',
      probability: 0.95,
      rule: { kind: 'interval', lower: 0.08 + i * 0.02, upper: 0.2 + i * 0.02 },
      outcome: o,
      actual: o === 'pending' || o === 'unknown' ? null : o === 'false' ? 0.96 : 0.15 + i * 0.02,
      scoredAt: o === 'pending' ? null : w.iso(i * minute),
      baseline: 0.15,
    }));
    return { items: rows.filter((r) => outcome === null || r.outcome === outcome), nextCursor: null };
  },
  status: (w) => ({
    state: w.busySince === null ? 'ok' : 'degraded',
    sentence:
      w.busySince === null
        ? 'Auspex is well.'
        : 'Auspex is degraded: messages to chat wait since 13:40; all else is well.',
    version: '0.1.0',
    demonstration: false,
    startedAt: w.iso(3 * day),
    home: '/var/lib/auspex',
    components: [
      {
        name: 'host collector',
        kind: 'collector',
        state: 'ok',
        since: w.iso(3 * day),
        message: 'Every 10 s, 0.6 ms each.',
        remedy: null,
      },
      {
        name: 'store',
        kind: 'store',
        state: 'ok',
        since: w.iso(3 * day),
        message: 'Last write took 2 ms.',
        remedy: null,
      },
      {
        name: 'detection',
        kind: 'detector',
        state: 'ok',
        since: w.iso(3 * day),
        message: '826 series scored.',
        remedy: null,
      },
      {
        name: 'performance-forest',
        kind: 'model',
        state: 'learning',
        since: w.iso(hour),
        message: 'web-1 needs 40 more minutes.',
        remedy: null,
      },
      w.busySince === null
        ? {
            name: 'notifier',
            kind: 'notifier',
            state: 'ok',
            since: w.iso(3 * day),
            message: 'Nothing waits.',
            remedy: null,
          }
        : {
            name: 'notifier',
            kind: 'notifier',
            state: 'degraded',
            since: w.iso(20 * minute),
            message: 'chat answers HTTP 502; 1 message waits, tried again in 4 min.',
            remedy: 'Check https://chat.example.org.',
          },
    ],
    process: { residentBytes: 121 * 2 ** 20, cpuRatio: 0.007, loopDelayP99Ms: 2.1, heapBytes: 48 * 2 ** 20 },
    budget: { residentBytes: 160 * 2 ** 20, cpuRatio: 0.015, diskBytes: 2 * 2 ** 30 },
    store: {
      seriesCount: 826,
      points: 21_400_000,
      bytes: 34 * 2 ** 20,
      quotaBytes: 2 * 2 ** 30,
      bytesPerPoint: 1.43,
      oldestAt: w.iso(15 * day),
      newestAt: w.iso(4000),
      accepting: true,
    },
    ingest: { samplesPerSecond: 82.6, waiting: 0, scoreLagMs: 12, refused: 0 },
  }),
  targets: (w) => ({
    items: [
      {
        job: 'node',
        url: 'http://10.0.0.4:9100/metrics',
        labels: {},
        up: true,
        lastScrapeAt: w.iso(3000),
        lastDurationMs: 18,
        samples: 1204,
        error: null,
      },
      {
        job: 'app',
        url: 'http://10.0.0.5:8080/metrics',
        labels: {},
        up: false,
        lastScrapeAt: w.iso(9000),
        lastDurationMs: 10_000,
        samples: 0,
        error: 'No answer within 10 s.',
      },
    ],
  }),
  agents: (w) => ({
    items: [
      {
        id: 'ag1',
        name: 'web-1',
        entityId: 'host:00000001',
        version: '0.1.0',
        enrolledAt: w.iso(9 * day),
        lastSeenAt: w.iso(5000),
        state: 'reporting',
      },
    ],
  }),
  settings: () => ({
    items: [
      {
        key: 'server.listen',
        value: '127.0.0.1:4700',
        source: 'default',
        description: 'Address and port of the page and the API',
        reloadable: false,
      },
      {
        key: 'collect.intervalSeconds',
        value: 10,
        source: 'file',
        description: 'How often this host is measured',
        reloadable: true,
      },
      {
        key: 'limits.series',
        value: 100000,
        source: 'environment',
        description: 'Series at most; those that exist go on past it',
        reloadable: true,
      },
      {
        key: 'retention.rawDays',
        value: 15,
        source: 'default',
        description: 'How long every sample is kept',
        reloadable: true,
      },
    ],
  }),
  reloadSettings: () => ({ changed: ['collect.intervalSeconds'], needRestart: [] }),
  audit: (w) => ({ items: auditRows(w), nextCursor: null }),
  verifyAudit: (w) => ({
    isSound: true,
    sentence: '1,204 acts recorded since 12 May 2026; the chain is whole.',
    rows: 1204,
    firstAt: w.iso(190 * day),
    lastAt: w.iso(minute),
    head: { seq: 1204, hash: 'c0ffee'.repeat(11).slice(0, 64) },
    fault: null,
  }),
  tokens: (w) => ({
    items: [
      {
        id: 't1',
        name: 'web-1 agent',
        scope: 'ingest',
        createdAt: w.iso(9 * day),
        expiresAt: null,
        lastUsedAt: w.iso(5000),
      },
    ],
  }),
  addToken: (w, _p, _q, body) => ({
    id: 't2',
    name: 'new',
    scope: 'ingest',
    expiresAt: null,
    ...(body as object),
    createdAt: w.iso(),
    lastUsedAt: null,
    secret: 'auspex_ingest_3f9c1d7e5b2a4860',
  }),
};

const session: z.infer<typeof s.session> = {
  userId: 'ann',
  scope: 'admin',
  role: 'admin',
  expiresAt: null,
  csrf: 'csrf-of-the-fixture',
  needs: null,
  demonstration: false,
};

function user(
  w: World,
  id: string,
  role: z.infer<typeof s.role>,
  state: z.infer<typeof s.user>['state'],
  sessions: number,
): z.infer<typeof s.user> {
  const lastSignInAt = state === 'invited' ? null : w.iso(3 * day);
  return { id, role, state, createdAt: w.iso(90 * day), lastSignInAt, sessions };
}

const userLink = (w: World): z.infer<typeof s.userLink> => ({
  url: 'http://localhost:4700/sign-in?code=Wm9kZS1vZi10aGUtZml4dHVyZS1saW5rLXNob3duLW9uY2U',
  expiresAt: w.iso(-day),
});

function auditRows(w: World): z.infer<typeof s.auditRow>[] {
  const row = (
    seq: number,
    action: string,
    target: string,
    more: Partial<z.infer<typeof s.auditRow>> = {},
  ): z.infer<typeof s.auditRow> => ({
    seq,
    at: w.iso((1205 - seq) * minute),
    actor: { kind: 'user', name: 'ann', source: '192.168.1.20' },
    action,
    target,
    outcome: 'begun',
    detail: {},
    hash: 'ab'.repeat(32),
    ...more,
  });
  return [
    row(1204, 'token.revoke', '7d1c2b7e-4f0a-4c7b-9a52-9b1f6f0a7a11', {
      outcome: 'failed',
      detail: { row: 1203, error: 'NOT_FOUND', reason: 'There is no token “7d1c2b7e”.' },
    }),
    row(1203, 'token.revoke', '7d1c2b7e-4f0a-4c7b-9a52-9b1f6f0a7a11'),
    row(1202, 'session.sign-in', 'root', {
      actor: { kind: 'nobody', name: '', source: '203.0.113.9' },
      outcome: 'failed',
      detail: { error: 'UNAUTHENTICATED', reason: 'Name or password is wrong.' },
    }),
    row(1201, 'settings.change', 'alerts.starter', {
      actor: { kind: 'process', name: 'auspex', source: null },
      detail: { from: {}, to: { 'disk-full': false } },
    }),
    row(1200, 'model.serve', 'performance of host:00000000', {
      actor: { kind: 'process', name: 'auspex', source: null },
      detail: { algorithm: 'forest', samples: 17_280, bytes: 81_920 },
    }),
  ];
}

function modelOf(w: World, name: string, version: number): z.infer<typeof s.modelMetadata> {
  return {
    name,
    entityId: 'host:00000000',
    entityName: 'db-1',
    version,
    algorithm: name.includes('forest') ? 'forest of 100 trees' : 'ensemble of 4',
    status: 'serving',
    trainedAt: w.iso(15 * hour + (3 - version) * day),
    trainedFromAt: w.iso(15 * day),
    trainedToAt: w.iso(15 * hour),
    sampleCount: 8640,
    featureNames: ['CPU used', 'memory used', 'disk used', 'network received', 'load per core', 'processes'],
    sizeBytes: 412_000,
    checksum: '9f2b7c11d04e8a3355aa',
    metrics: { error: 3.1, 'error of persistence': 4.4 },
    trainingMs: 420,
    fault: null,
  };
}

function record(
  type: string,
  model: string,
  horizonSeconds: number,
  scored: number,
  held: number,
  stated: number,
  observed: number | null,
  mae: number | null,
  baseline: number | null,
): z.infer<typeof s.trackRecord> {
  return {
    type,
    model,
    entityId: 'host:00000000',
    horizonSeconds,
    scored,
    held,
    stated,
    observed,
    meanAbsoluteError: mae,
    baselineMeanAbsoluteError: baseline,
    calibrationError: scored < 50 ? null : 0.018,
    pending: 24,
    unknown: 3,
    averted: 1,
    confidence: measured,
    sentence: scored === 0 ? 'None of these has fallen due yet.' : `Of ${scored} such forecasts ${held} held.`,
  };
}
