import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LearntState, startReplay } from '../../../src/compose-replay.ts';
import { rulesIn } from '../../../src/compose-rules.ts';
import { formatLabels, labelsFrom } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { missing, PROMTOOL } from './real-programs.ts';

const no = missing(PROMTOOL);
const MINUTE = 60_000;
const MINUTES = 180;

/** Rules of the shapes that those for node_exporter and Kubernetes have. */
const RULES = `groups:
  - name: node
    interval: 1m
    rules:
      - record: instance:node_cpu_busy:ratio
        expr: 1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{job="node", mode="idle"}[5m]))
      - record: job:node_cpu_busy:max
        expr: max by (job) (instance:node_cpu_busy:ratio)
        labels: {tier: all}
      - alert: CpuBusy
        expr: instance:node_cpu_busy:ratio * 100 > 90
        for: 15m
        labels: {severity: warning}
        annotations:
          summary: The CPU is busy.
          description: 'CPU of {{ $labels.instance }} is at {{ printf "%.1f" $value }}%.'
      - alert: DiskFillsUp
        expr: |
          (
            node_filesystem_avail_bytes{job="node",fstype!=""} / node_filesystem_size_bytes{job="node",fstype!=""} * 100 < 40
          and
            predict_linear(node_filesystem_avail_bytes{job="node",fstype!=""}[1h], 4*60*60) < 0
          and
            node_filesystem_readonly{job="node",fstype!=""} == 0
          )
        for: 10m
        labels: {severity: critical}
        annotations:
          summary: '{{ $labels.mountpoint }} will be full within four hours.'
      - alert: TargetDown
        expr: 100 * (count by (job) (up == 0) / count by (job) (up)) > 10
        for: 5m
        keep_firing_for: 10m
        labels: {severity: warning}
        annotations:
          summary: '{{ printf "%.4g" $value }}% of the {{ $labels.job }} targets are down.'
      - alert: JobAbsent
        expr: absent(up{job="backup"} == 1)
        for: 20m
        labels: {severity: page}
      - alert: ClockSkew
        expr: |
          (node_timex_offset_seconds > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0)
          or
          (node_timex_offset_seconds < -0.05 and deriv(node_timex_offset_seconds[5m]) <= 0)
        for: 10m
        labels: {severity: warning}
      - alert: Errors
        expr: sum by (instance) (rate(http_requests_total{code=~"5.."}[5m])) / ignoring(code) group_left() sum by (instance) (rate(http_requests_total[5m])) > 0.05
        for: 2m
        labels: {severity: warning, team: 'team-of-{{ $labels.instance }}'}
`;

type Course = (minute: number) => number | null;

/** Each series minute by minute. */
const SERIES: Record<string, Course> = {
  'node_cpu_seconds_total{cpu="0",instance="a:9100",job="node",mode="idle"}': (m) =>
    1000 + (m < 60 ? m * 50 : 3000 + (m - 60) * 2),
  'node_cpu_seconds_total{cpu="1",instance="a:9100",job="node",mode="idle"}': (m) =>
    500 + (m < 60 ? m * 55 : 3300 + (m - 60) * 3),
  'node_cpu_seconds_total{cpu="0",instance="b:9100",job="node",mode="idle"}': (m) => 9000 + m * 57,
  'node_filesystem_avail_bytes{fstype="ext4",instance="a:9100",job="node",mountpoint="/var"}': (m) => 5000 - m * 25,
  'node_filesystem_size_bytes{fstype="ext4",instance="a:9100",job="node",mountpoint="/var"}': () => 10_000,
  'node_filesystem_readonly{fstype="ext4",instance="a:9100",job="node",mountpoint="/var"}': () => 0,
  'up{instance="a:9100",job="node"}': () => 1,
  'up{instance="b:9100",job="node"}': (m) => (m >= 30 && m < 50 ? 0 : 1),
  'up{instance="z:1",job="backup"}': (m) => (m < 40 ? 1 : m < 100 ? null : 1),
  'node_timex_offset_seconds{instance="a:9100",job="node"}': (m) => (m < 90 ? 0.001 : (m - 90) * 0.004),
  'http_requests_total{code="200",instance="s:80"}': (m) => 10_000 + m * 100,
  'http_requests_total{code="500",instance="s:80"}': (m) => 100 + (m < 120 ? m : 120 + (m - 120) * 12),
};

/** When is looked, and which alerts fire then; promtool itself says whether that is so. */
const EXPECTED: readonly { readonly at: number; readonly firing: Readonly<Record<string, readonly string[]>> }[] = [
  { at: 20, firing: {} },
  { at: 40, firing: { TargetDown: ['{job="node",severity="warning"}'] } },
  {
    at: 55,
    firing: {
      TargetDown: ['{job="node",severity="warning"}'],
      DiskFillsUp: ['{fstype="ext4",instance="a:9100",job="node",mountpoint="/var",severity="critical"}'],
    },
  },
  {
    at: 63,
    firing: { DiskFillsUp: ['{fstype="ext4",instance="a:9100",job="node",mountpoint="/var",severity="critical"}'] },
  },
  {
    at: 90,
    firing: {
      CpuBusy: ['{instance="a:9100",job="node",severity="warning"}'],
      DiskFillsUp: ['{fstype="ext4",instance="a:9100",job="node",mountpoint="/var",severity="critical"}'],
      JobAbsent: ['{severity="page"}'],
    },
  },
  {
    at: 128,
    firing: {
      CpuBusy: ['{instance="a:9100",job="node",severity="warning"}'],
      DiskFillsUp: ['{fstype="ext4",instance="a:9100",job="node",mountpoint="/var",severity="critical"}'],
      ClockSkew: ['{instance="a:9100",job="node",severity="warning"}'],
      Errors: ['{instance="s:80",severity="warning",team="team-of-s:80"}'],
    },
  },
];
const NAMES = ['CpuBusy', 'DiskFillsUp', 'TargetDown', 'JobAbsent', 'ClockSkew', 'Errors'];
/** What is recorded in the hundredth minute: from then on the idle seconds grow by 2 and 3 a minute, b's by 57. */
const RECORDED = {
  'instance:node_cpu_busy:ratio{instance="a:9100",job="node"}': 1 - 2.5 / 60,
  'instance:node_cpu_busy:ratio{instance="b:9100",job="node"}': 1 - 57 / 60,
  'job:node_cpu_busy:max{job="node",tier="all"}': 1 - 2.5 / 60,
};

function valuesOf(course: Course): string {
  return Array.from({ length: MINUTES }, (_, m) => course(m) ?? '_').join(' ');
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
}

/** A promtool test of the same expectations. */
function promtoolTest(): string {
  const alerts = EXPECTED.flatMap(({ at, firing }) =>
    NAMES.map((alertname) => ({
      eval_time: `${at}m`,
      alertname,
      exp_alerts: (firing[alertname] ?? []).map((labels) => ({ exp_labels: labelsOf(labels) })),
    })),
  );
  return JSON.stringify({
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(SERIES).map(([series, course]) => ({ series, values: valuesOf(course) })),
        alert_rule_test: alerts,
      },
    ],
  });
}

describe.skipIf(no !== '')(`rules fire as Prometheus fires them${no}`, () => {
  test('promtool agrees with what is expected here', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'auspex-promtool-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // Annotations are Auspex's to show; promtool would want them repeated.
    await writeFile(join(folder, 'rules.yaml'), RULES.replaceAll(/\n {8}annotations:(\n {10}.*)+/g, ''));
    await writeFile(join(folder, 'test.yaml'), promtoolTest());
    const ran = spawnSync(PROMTOOL, ['test', 'rules', 'test.yaml'], { cwd: folder, encoding: 'utf8' });
    expect(ran.stdout + ran.stderr).toContain('SUCCESS');
  });
});

test('the engine fires them at the same times, on the right entities, and records the same series', {
  timeout: 240_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-rules-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const parsed = rulesIn(RULES, 'rules.yaml');
  expect(parsed.problems).toEqual([]);
  const start = Date.UTC(2026, 2, 1);
  const replay = await startReplay({
    home,
    at: start - 500,
    intervalMs: MINUTE,
    timeZone: 'UTC',
    entities: [],
    turnMs: 1000,
    rules: [],
    ruleGroups: parsed.groups,
    learnt: new LearntState(),
    log: createLogger('silent'),
  });
  onTestFinished(() => replay.close());
  const refs = Object.entries(SERIES).map(([text, course]) => {
    const name = text.slice(0, text.indexOf('{'));
    const labels = labelsFrom([['__name__', name], ...Object.entries(labelsOf(text))]);
    return { ref: replay.series(labels, name.endsWith('_total') ? 'counter' : 'gauge'), course };
  });
  for (const { at, firing, from } of EXPECTED.map((one, i) => ({ ...one, from: EXPECTED[i - 1]?.at ?? -1 }))) {
    await replay.feed(
      refs.flatMap(({ ref, course }) => {
        const points = Array.from({ length: at - from }, (_, k) => from + 1 + k).flatMap((m) => {
          const value = course(m);
          return value === null ? [] : [{ at: start + m * MINUTE, value }];
        });
        return points.length === 0
          ? []
          : [{ ref, times: Float64Array.from(points, (p) => p.at), values: Float64Array.from(points, (p) => p.value) }];
      }),
    );
    await replay.advanceTo(start + at * MINUTE + 5_000);
    const { rows } = await replay.records.find('alerts', { where: { kind: 'rule' }, limit: 500 });
    const now = rows.filter(({ state }) => state === 'firing' || state === 'held').map(({ rule }) => rule);
    expect([at, ...now.sort()]).toEqual([at, ...Object.keys(firing).sort()]);
  }
  const { rows } = await replay.records.find('alerts', { where: { kind: 'rule' }, limit: 500 });
  expect(rows.find(({ rule }) => rule === 'CpuBusy')).toMatchObject({
    entityId: 'host:a',
    severity: 'medium',
    limit: 90,
    summary: expect.stringMatching(/^The CPU is busy\. CPU of a:9100 is at 9\d\.\d%\.$/),
  });
  expect(rows.find(({ rule }) => rule === 'DiskFillsUp')).toMatchObject({
    subject: '{fstype="ext4",mountpoint="/var"}',
    severity: 'critical',
  });
  expect(rows.find(({ rule }) => rule === 'Errors')?.subject).toBe('{team="team-of-s:80"}');
  expect(rows.find(({ rule }) => rule === 'TargetDown')).toMatchObject({
    state: 'resolved',
    summary: '50% of the node targets are down.',
  });
  for (const [series, wanted] of Object.entries(RECORDED)) {
    const name = series.slice(0, series.indexOf('{'));
    const found = replay.metrics.index.select([{ name: '__name__', op: '=', value: name }], 100);
    const ref = found.find(({ labels }) => formatLabels(labels) === series)?.ref;
    const [points] = await replay.metrics.range([ref ?? -1], start + 99 * MINUTE, start + 100 * MINUTE);
    expect(points?.values[0]).toBeCloseTo(wanted, 9);
  }
});
