import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import {
  type AuspexServer,
  findProgram,
  type Server,
  startAuspex,
  startNodeExporter,
  startPrometheus,
} from '../servers.ts';

/** So long after the last sample nothing is under way any more. */
const SETTLE_MS = 15_000;

/**
 * Debian's Prometheus with its node_exporter sends everything it scrapes to Auspex, and scrapes Auspex itself. At the end the
 * samples of every series are counted on both sides by query.
 */
export async function prometheus(options: Options): Promise<Report> {
  const minutes = options.number('minutes', 10);
  const everySeconds = options.number('scrape', 1);
  const programs = ['prometheus', 'prometheus-node-exporter', 'promtool'].map((name) => {
    const program = findProgram(name, name.replace('prometheus-', ''));
    if (program === null) throw new Error(`${name} is not installed; it is Debian's package of that name.`);
    return program;
  });
  const [prometheusProgram, exporterProgram, promtool] = programs as [string, string, string];
  const started: Server[] = [];
  try {
    const auspex = await startAuspex();
    started.push(auspex);
    const exporter = await startNodeExporter(exporterProgram);
    started.push(exporter);
    const sender = await startPrometheus(prometheusProgram, {
      config: configOf(auspex.port, exporter.port, everySeconds),
      args: [],
    });
    started.push(sender);
    await delay(5_000);
    const from = Date.now();
    await delay(minutes * 60_000);
    const to = Date.now();
    await delay(SETTLE_MS);
    const theirs = await countsThere(sender, from, to);
    const ours = await countsHere(auspex, from, to);
    const up = await query(sender, 'up{job="auspex"}', Date.now());
    const upMin = await query(sender, `min_over_time(up{job="auspex"}[${Math.ceil((to - from) / 1000)}s])`, to);
    const check = checkMetrics(promtool, await textOf(auspex));
    const differing = [...theirs].filter(([key, count]) => (ours.get(key) ?? 0) !== count);
    const lost = differing.reduce((sum, [key, count]) => sum + Math.max(0, count - (ours.get(key) ?? 0)), 0);
    const twice = differing.reduce((sum, [key, count]) => sum + Math.max(0, (ours.get(key) ?? 0) - count), 0);
    const total = [...theirs.values()].reduce((sum, count) => sum + count, 0);
    const isUp = up.some((one) => one.value === 1) && upMin.every((one) => one.value === 1);
    return {
      columns: ['minutes', 'series', 'samples there', 'lost', 'too many', 'up', 'promtool'],
      rows: [
        [String(minutes), theirs.size, total, lost, twice, isUp ? '1' : 'NOT 1', check === '' ? 'accepts' : 'REFUSES'],
      ],
      notes: [
        `node_exporter and Auspex scraped every ${everySeconds} s; counted by a range query there, by /api/export/samples here, series by series; NaN and Inf, which JSON has not, left out on both sides.`,
        ...differing.slice(0, 5).map(([key, count]) => `differs: ${key}: ${count} there, ${ours.get(key) ?? 0} here`),
        ...(check === '' ? [] : [check]),
      ],
      figures: { minutes, series: theirs.size, samples: total, lost, tooMany: twice, up: isUp, promtool: check },
      missed: [
        ...(lost > 0 || total === 0 ? [`${lost} of ${total} samples lost`] : []),
        ...(twice > 0 ? [`${twice} samples too many`] : []),
        ...(isUp ? [] : ['Prometheus saw Auspex down']),
        ...(check === '' ? [] : ['promtool refuses /metrics']),
      ],
    };
  } finally {
    for (const server of started.reverse()) await server.stop();
  }
}

function configOf(auspexPort: number, exporterPort: number, everySeconds: number): string {
  return `global:
  scrape_interval: ${everySeconds}s
  scrape_timeout: ${everySeconds}s
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['127.0.0.1:${exporterPort}'] }]
  - job_name: auspex
    static_configs: [{ targets: ['127.0.0.1:${auspexPort}'] }]
remote_write:
  - url: http://127.0.0.1:${auspexPort}/api/v1/write
`;
}

interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function query(server: Server, text: string, at: number): Promise<Value[]> {
  const body = new URLSearchParams({ query: text, time: String(at / 1000) });
  const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/query`, { method: 'POST', body });
  const answer = (await response.json()) as {
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    error?: string;
  };
  if (answer.data === undefined) throw new Error(`Prometheus: ${answer.error ?? response.status}`);
  return answer.data.result.map((one) => ({ labels: one.metric, value: Number(one.value[1]) }));
}

/** Raw samples by series in [from, to]: a range selector gives each sample, and leaves out stale markers. */
async function countsThere(server: Server, from: number, to: number): Promise<Map<string, number>> {
  const names = await query(server, 'count by (__name__) ({__name__=~".+"})', to);
  const seconds = Math.ceil((to - from) / 1000);
  const counts = new Map<string, number>();
  for (const { labels } of names) {
    // A count by query would lose the name; the range itself keeps labels, and values to leave markers out.
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: `{__name__="${labels['__name__']}"}[${seconds}s]`, time: String(to / 1000) }),
    });
    const answer = (await response.json()) as {
      data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
    };
    for (const one of answer.data.result) {
      const inside = one.values.filter(
        ([at, value]) => Number.isFinite(Number(value)) && at * 1000 >= from && at * 1000 <= to,
      ).length;
      counts.set(keyOf(one.metric), inside);
    }
  }
  return counts;
}

async function countsHere(server: AuspexServer, from: number, to: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const job of ['node', 'auspex']) {
    const query = new URLSearchParams({
      match: `{job="${job}"}`,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      format: 'json',
    });
    for (const line of (await server.text(`/api/export/samples?${query}`)).split('\n')) {
      if (line === '') continue;
      const sample = JSON.parse(line) as {
        labels: Record<string, string>;
        name?: string;
        value: number | null | string;
      };
      if (sample.value === null) continue;
      const key = keyOf({ ...(sample.name === undefined ? {} : { __name__: sample.name }), ...sample.labels });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function textOf(server: Server): Promise<string> {
  return (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
}

/** What promtool objects to; empty when it accepts. */
function checkMetrics(promtool: string, text: string): string {
  const result = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return result.status === 0 ? '' : `${result.stdout}${result.stderr}`.trim();
}
