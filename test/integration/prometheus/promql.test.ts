import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawn, type ChildProcess } from 'node:child_process';
import { encodeWriteRequest } from '../../../src/collect/remote-write/encode.ts';
import { atOnce, evaluatePromql, evaluateRange } from '../../../src/decide/promql/evaluate.ts';
import { parsePromql } from '../../../src/decide/promql/parse.ts';
import type { PromqlValue, SeriesSamples } from '../../../src/decide/promql/values.ts';
import { windowsOf } from '../../../src/decide/promql/windows.ts';
import { labelMatcher } from '../../../src/decide/threshold-rules.ts';
import { labelsFrom, labelsKey } from '../../../src/model/index.ts';
import { RandomExpressions } from './promql-expressions.ts';
import { HOURS, requestsOf, seriesOf, shopPast } from './promql-past.ts';
import { freePort, missing, PROMETHEUS, until } from './real-programs.ts';

const no = missing(PROMETHEUS);
const from = Math.floor(Date.now() / 60_000) * 60_000 - (HOURS * 60 + 2) * 60_000;
const past = shopPast(from);
const series = seriesOf(past);
let url = '';
let server: ChildProcess | undefined;
let folder = '';

describe.skipIf(no !== '')(`PromQL is answered as a real Prometheus answers it${no}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'auspex-promql-'));
    await writeFile(join(folder, 'prometheus.yml'), 'global: {}\n');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = spawn(
      PROMETHEUS,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        '--enable-feature=promql-negative-offset,promql-at-modifier',
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    await until(
      () => fetch(`${url}/-/ready`),
      ({ ok }) => ok,
      60_000,
      'Prometheus',
    );
    for (const request of requestsOf(past, 60_000)) {
      const answer = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        body: Buffer.from(encodeWriteRequest(request)),
      });
      expect(answer.status).toBe(204);
    }
  }, 120_000);

  afterAll(async () => {
    server?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('for hundreds of expressions at random, the errors included', { timeout: 300_000 }, async () => {
    const random = new RandomExpressions(Number(process.env['PROMQL_SEED'] ?? 5));
    const count = Number(process.env['PROMQL_COUNT'] ?? 800);
    const differing: string[] = [];
    let answered = 0;
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const text = random.next();
      const at = from + 70 * 60_000 + Math.floor((i * 97_000) % (110 * 60_000)) + 7;
      const theirs = await ask(text, at);
      const ours = answer(text, at);
      const difference = compare(ours, theirs);
      // Of a single number that is none or infinite, Prometheus before 3 says that it does not vary.
      if (difference !== null && /stddev|stdvar/.test(text) && difference.endsWith('NaN, there 0')) continue;
      if (difference !== null) differing.push(`${text} @ ${at}: ${difference}`);
      if (theirs instanceof Map && theirs.size > 0) answered++;
      if (typeof theirs === 'string') refused++;
    }
    expect(differing).toEqual([]);
    expect(answered).toBeGreaterThan(count / 2);
    expect(refused).toBeLessThan(count / 4);
  });

  test.each([
    'rate(http_requests_total[5m] @ 1e9)',
    'memory_bytes @ end() - memory_bytes @ start()',
    'max_over_time(rate(http_requests_total{code="500"}[5m])[30m:1m] offset 10m)',
    'absent(up{job="shop",instance=~".*",queue="none"} )',
    'absent((up{job="none"}))',
    'absent(sum(nothing_there))',
    '-1 ^ 2 + 2 ^ -1 ^ 2',
    '1 - 2 - 3 * 4 % 5',
    '{__name__=~"queue_.*",queue="pay"}',
    'sum({__name__=~"up|build_info"}) by (__name__)',
    '{__name__=~"memory_bytes|temperature"} * 2',
    'rate({__name__=~"http_requests_total|latency_seconds_bucket",instance="a:80"}[5m])',
    '{__name__=~"queue_depth|queue_limit",queue="pay"} * 2',
    'time() - timestamp((up))',
    'memory_bytes + temperature offset 5m * 2',
    'rate((http_requests_total[5m]))',
    '- - 2 ^ - 1 * 3 == bool 5 - 3 or vector(1)',
    'sum(up) - -1 - 1',
    'sum(memory_bytes) atan2 sum(temperature)',
    'up * on() 2',
    'up == 1 and memory_bytes > 1 or on(job) up unless temperature',
  ])('for %s', async (text) => {
    const at = from + 2 * 3_600_000 + 7;
    expect(compare(answer(text, at), await ask(text, at))).toBeNull();
  });

  test('over a range of steps as at each of them', async () => {
    const [start, end, stepMs] = [from + 3_600_000 + 7, from + 2 * 3_600_000 + 7, 97_000];
    for (const text of [
      'sum by (code) (rate(http_requests_total[5m]))',
      'queue_depth',
      'up @ end() + up',
      '1 + time()',
    ]) {
      const query = parsePromql(text);
      const found = atOnce(evaluateRange(query, { start, end, stepMs }, sourceOf(query, start, end)));
      const parameters = new URLSearchParams({
        query: text,
        start: seconds(start),
        end: seconds(end),
        step: `${stepMs / 1000}`,
      });
      const { data } = (await (await fetch(`${url}/api/v1/query_range?${parameters}`)).json()) as {
        data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
      };
      const theirs = new Map(data.result.map(({ metric, values }) => [keyOf(metric), values]));
      expect(new Set(found.map(({ labels }) => labelsKey(labels)))).toEqual(new Set(theirs.keys()));
      for (const one of found) {
        const values = theirs.get(labelsKey(one.labels)) ?? [];
        expect([...one.times]).toEqual(values.map(([at]) => Math.round(at * 1000)));
        one.values.forEach((value, i) => expect(near(value, numberOf(values[i]?.[1] ?? ''))).toBe(true));
      }
    }
  });
});

/** Only what `windowsOf` names is given, so that a window too small would be seen. */
function sourceOf(query: ReturnType<typeof parsePromql>, start: number, end: number) {
  const windows = new Map(windowsOf(query, start, end).map((window) => [window.selector.id, window]));
  return {
    samplesOf: (selector: (typeof query.selectors)[number]): SeriesSamples[] => {
      const { from: first = 0, to: last = 0 } = windows.get(selector.id) ?? {};
      const matches = labelMatcher(selector.matchers);
      return series.flatMap(({ labels, times, values }) => {
        if (!matches(labels)) return [];
        const low = times.findIndex((at) => at > first);
        const high = times.findLastIndex((at) => at <= last);
        return low < 0 || high < low
          ? []
          : [{ labels, times: times.slice(low, high + 1), values: values.slice(low, high + 1) }];
      });
    },
  };
}

/** The answer by labels; a text is an error. */
type Answer = Map<string, number> | string;

function answer(text: string, at: number): Answer {
  try {
    const query = parsePromql(text);
    return mapOf(atOnce(evaluatePromql(query, at, sourceOf(query, at, at))));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function mapOf(value: PromqlValue): Map<string, number> {
  if (value.type === 'scalar') return new Map([['', value.value]]);
  return new Map(value.type === 'vector' ? value.samples.map((one) => [labelsKey(one.labels), one.value]) : []);
}

async function ask(text: string, at: number): Promise<Answer> {
  const body = new URLSearchParams({ query: text, time: seconds(at) });
  const answered = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as {
    status: string;
    error?: string;
    data: { resultType: string; result: unknown };
  };
  if (answered.status !== 'success') return answered.error ?? 'an error';
  const { resultType, result } = answered.data;
  if (resultType === 'scalar') return new Map([['', numberOf((result as [number, string])[1])]]);
  return new Map(
    (result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => [
      keyOf(metric),
      numberOf(value[1]),
    ]),
  );
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
const keyOf = (metric: Record<string, string>): string => labelsKey(labelsFrom(Object.entries(metric)));

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function near(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

function compare(ours: Answer, theirs: Answer): string | null {
  if (typeof ours === 'string' || typeof theirs === 'string')
    return typeof ours === typeof theirs
      ? null
      : `ours ${typeof ours === 'string' ? ours : 'an answer'}, theirs ${typeof theirs === 'string' ? theirs : 'an answer'}`;
  for (const [key, value] of ours) {
    const other = theirs.get(key);
    const shown = key.replaceAll('\u0000', ' ');
    if (other === undefined) return `${shown} is not there`;
    if (!near(value, other)) return `${shown} is ${value}, there ${other}`;
  }
  return ours.size === theirs.size ? null : `${ours.size} series, there ${theirs.size}`;
}
