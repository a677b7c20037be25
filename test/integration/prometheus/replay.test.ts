import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rulesToTry } from '../../../src/cli/replay-rules.ts';
import { replayPrometheus } from '../../../src/compose-replay.ts';
import { rulesIn } from '../../../src/compose-rules.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, missing, PROMETHEUS, PROMTOOL, run, until, writePast } from './real-programs.ts';

const no = missing(PROMETHEUS, PROMTOOL);
const STEP = 15;
const MINUTE = 60;

const RULES = `groups:
  - name: shop
    rules:
      - record: shop:failed:share
        expr: sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[5m]))
      - alert: Failing
        expr: shop:failed:share > 0.3
        for: 3m
        labels: {severity: critical}
        annotations: {summary: '{{ $value | humanizePercentage }} fail.'}
      - alert: Silent
        expr: up == 0
        for: 2m
        labels: {severity: warning}
      - alert: Never
        expr: up > 1
      - alert: Broken
        expr: up * on (job) http_requests_total > 0
`;

/** Three hours of a shop that was down for ten minutes after the second, and failed in a third of all cases later on, as OpenMetrics. */
function past(from: number): string {
  const lines = { up: ['# TYPE up gauge'], requests: ['# TYPE http_requests counter'] };
  let good = 0;
  let failed = 0;
  for (let t = 0; t < 180 * MINUTE; t += STEP) {
    const isDown = t >= 120 * MINUTE && t < 130 * MINUTE;
    lines.up.push(`up{instance="shop:80",job="shop"} ${isDown ? 0 : 1} ${from + t}`);
    if (isDown) continue;
    const isFailing = t >= 160 * MINUTE;
    good += 300 + (t % 7) - (isFailing ? 100 : 0);
    failed += isFailing ? 100 : 0;
    lines.requests.push(`http_requests_total{code="200",instance="shop:80",job="shop"} ${good} ${from + t}`);
    lines.requests.push(`http_requests_total{code="500",instance="shop:80",job="shop"} ${failed} ${from + t}`);
  }
  return `${[...lines.up, ...lines.requests].join('\n')}\n# EOF\n`;
}

/** A real Prometheus with that past, and a replay of it. */
async function server() {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-past-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const from = Math.floor(Date.now() / 1000) - 240 * MINUTE;
  await writePast(folder, past(from));
  const port = await freePort();
  const { words } = run(PROMETHEUS, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until(
    () => fetch(`${url}/-/ready`),
    ({ ok }) => ok,
    20_000,
    `Prometheus (${words()})`,
  );
  const progress: number[] = [];
  const replayed = (what: Pick<Parameters<typeof replayPrometheus>[0], 'rules' | 'ruleGroups'>, fromMinute = 0) =>
    replayPrometheus({
      source: { url },
      from: (from + fromMinute * MINUTE) * 1000 - 1,
      to: (from + 180 * MINUTE) * 1000,
      timeZone: 'UTC',
      log: createLogger('silent'),
      onProgress: (at) => progress.push(at),
      signal: new AbortController().signal,
      ...what,
    });
  return { url, from, progress, replayed };
}

test.skipIf(no !== '')(
  `the past of a real Prometheus is replayed: who would have been told, of what, and when${no}`,
  async () => {
    const { from, progress, replayed } = await server();
    const found = await replayed({});
    expect(progress).toHaveLength(4);
    expect(found).toMatchObject({ series: 3, samples: 720 + 2 * 680 });
    const at = (minutes: number): number => (from + minutes * MINUTE) * 1000;
    const told = found.alerts.map(({ summary, firedAt, suppressedBy }) => ({
      summary: summary.replace(/ since .*/, ''),
      minute: Math.round(((firedAt ?? 0) - at(0)) / 6_000) / 10,
      suppressedBy,
    }));
    expect(told).toEqual([
      { summary: 'shop on shop does not answer', minute: expect.closeTo(120.5, 0), suppressedBy: null },
      {
        summary: expect.stringContaining('requests that fail 33 %'),
        minute: expect.closeTo(163.3, 0),
        suppressedBy: null,
      },
    ]);
    const pages = found.incidents.filter(({ toldAt }) => toldAt !== null);
    expect(pages).toMatchObject([
      { title: 'Crash: shop', class: 'crash', toldAt: found.alerts[0]?.firedAt },
      { causes: [{ name: expect.stringContaining('shop') }], toldAt: expect.any(Number) },
    ]);
    expect(found.alerts.every(({ incidentId }) => found.incidents.some(({ id }) => id === incidentId))).toBe(true);

    // The same past with a rule of one's own, as it is, tried otherwise and switched off.
    const { alerts } = configSchema.parse({
      alerts: { rules: [{ name: 'down', metric: 'up', op: '<', limit: 1, for: '1m', severity: 'high' }] },
    });
    const toldBy = async (...settings: string[]): Promise<number> => {
      const tried = await replayed({ rules: rulesToTry(alerts, settings).rules });
      return tried.alerts.filter(({ rule }) => rule === 'down').length;
    };
    expect([await toldBy(), await toldBy('down.for=1h'), await toldBy('down=off')]).toEqual([1, 0, 0]);
  },
  120_000,
);

test.skipIf(no !== '')(
  `rule files are evaluated over it: an alert fires when Prometheus’s own answers say, another limit is tried${no}`,
  async () => {
    const { url, from, replayed } = await server();
    const parsed = rulesIn(RULES, 'shop.yaml');
    expect(parsed.problems).toEqual([]);
    const beginsAt = async (expression: string): Promise<number> => {
      const span = { start: String(from), end: String(from + 180 * MINUTE), step: String(MINUTE) };
      const query = new URLSearchParams({ query: expression, ...span });
      const asked = (await (await fetch(`${url}/api/v1/query_range?${query}`)).json()) as {
        data: { result: { values: [number, string][] }[] };
      };
      return (asked.data.result[0]?.values[0]?.[0] ?? Number.NaN) * 1000;
    };
    const share = 'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[5m]))';
    const { alerts } = configSchema.parse({});
    const firedBy = async (...settings: string[]) => {
      const { groups } = rulesToTry(alerts, settings, parsed.groups);
      const found = await replayed({ rules: [], ruleGroups: groups }, 100);
      const [failing] = found.alerts.filter(({ rule }) => rule === 'Failing');
      return { failing, rules: found.rules.map(({ rule, fired, fault }) => [rule.name, fired, fault]) };
    };
    const asWritten = await firedBy();
    expect(asWritten.rules).toEqual([
      ['shop:failed:share', 0, null],
      ['Failing', 1, null],
      ['Silent', 1, null],
      ['Never', 0, null],
      ['Broken', 0, expect.stringMatching(/many|match/)],
    ]);
    expect(asWritten.failing).toMatchObject({
      severity: 'critical',
      summary: expect.stringMatching(/^3\d(\.\d+)?% fail\.$/),
    });
    const wanted = (await beginsAt(`${share} > 0.3`)) + 3 * MINUTE * 1000;
    expect(Math.abs((asWritten.failing?.firedAt ?? 0) - wanted)).toBeLessThanOrEqual(90_000);

    const otherwise = await firedBy('Failing.limit=0.1', 'Silent=off', 'Never.limit=0', 'Never.severity=critical');
    const sooner = (await beginsAt(`${share} > 0.1`)) + 3 * MINUTE * 1000;
    expect(sooner).toBeLessThan(wanted);
    expect(Math.abs((otherwise.failing?.firedAt ?? 0) - sooner)).toBeLessThanOrEqual(90_000);
    expect(otherwise.rules.map(([name, fired]) => [name, fired])).toEqual([
      ['shop:failed:share', 0],
      ['Failing', 1],
      ['Never', expect.any(Number)],
      ['Broken', 0],
    ]);
    expect(otherwise.rules[2]?.[1]).toBeGreaterThan(0);
  },
  240_000,
);

test('a server that is not there is named, with why', async () => {
  const replaying = replayPrometheus({
    source: { url: `http://127.0.0.1:${await freePort()}` },
    from: 0,
    to: 3_600_000,
    timeZone: 'UTC',
    log: createLogger('silent'),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  await expect(replaying).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
