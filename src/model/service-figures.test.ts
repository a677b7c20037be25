import { expect, test } from 'vitest';
import { labelsFrom, METRIC_NAME } from './labels.ts';
import { feedsServiceFigures, ServiceFigureDeriver } from './service-figures.ts';

type Page = Readonly<Record<string, number>>;

/** `name{label=value}` of a page, in no quotes. */
function labelsOf(text: string): ReturnType<typeof labelsFrom> {
  const [, name = '', pairs = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(text) ?? [];
  const labels = pairs === '' ? [] : pairs.split(',').map((pair) => pair.split('=') as [string, string]);
  return labelsFrom([[METRIC_NAME, name], ['instance', 'api-1'], ['job', 'shop'], ...labels]);
}

/** The figures after each page, ten seconds apart. */
function derive(...pages: Page[]): Record<string, number>[] {
  const deriver = new ServiceFigureDeriver();
  return pages.map((page, i) => {
    for (const [text, value] of Object.entries(page))
      for (const input of deriver.input(labelsOf(text))) deriver.set(input, value);
    const figures: Record<string, number> = {};
    deriver.derive(i === 0 ? 0 : 10, (metric, value) => {
      figures[metric.replace('auspex_service_', '')] = value;
    });
    return figures;
  });
}

test('requests, failures and the time of an answer, by label sets', () => {
  const [first, second] = derive(
    {
      'http_requests_total{code=200,method=GET}': 1000,
      'http_requests_total{code=404,method=GET}': 10,
      'http_requests_total{code=500,method=GET}': 5,
      'http_request_duration_seconds_sum{code=200}': 50,
      'http_request_duration_seconds_count{code=200}': 1000,
    },
    {
      'http_requests_total{code=200,method=GET}': 1090,
      'http_requests_total{code=404,method=GET}': 15,
      'http_requests_total{code=500,method=GET}': 10,
      'http_request_duration_seconds_sum{code=200}': 70,
      'http_request_duration_seconds_count{code=200}': 1100,
    },
  );
  expect(first).toEqual({});
  expect(second?.['request_rate']).toBeCloseTo(10);
  expect(second?.['error_ratio']).toBeCloseTo(0.05);
  expect(second?.['latency_seconds']).toBeCloseTo(0.2);
});

test('who is refused is no failure, and has a share of its own', () => {
  const [, figures] = derive(
    { 'http_requests_total{status=200}': 100, 'http_requests_total{status=401}': 0 },
    {
      'http_requests_total{status=200}': 150,
      'http_requests_total{status=401}': 40,
      'http_requests_total{status=403}': 10,
    },
  );
  expect(figures?.['error_ratio']).toBe(0);
  expect(figures?.['refused_ratio']).toBeCloseTo(0.5);
});

test('a clock that is behind is as far off as one that is ahead', () => {
  const [ahead, behind] = derive(
    { auspex_scrape_clock_offset_seconds: 3600 },
    { auspex_scrape_clock_offset_seconds: -12 },
  );
  expect([ahead?.['clock_offset_seconds'], behind?.['clock_offset_seconds']]).toEqual([3600, 12]);
});

test('the first failure of all is one, though its label set was not there before', () => {
  const [, figures] = derive(
    { 'http_requests_total{code=200}': 100 },
    { 'http_requests_total{code=200}': 110, 'http_requests_total{code=503}': 10 },
  );
  expect(figures?.['error_ratio']).toBeCloseTo(0.5);
});

test('a restart: counters that fall began anew', () => {
  const [, figures] = derive(
    { 'http_requests_total{code=200}': 1000, process_start_time_seconds: 5000 },
    { 'http_requests_total{code=200}': 20, process_start_time_seconds: 5010 },
  );
  expect(figures).toMatchObject({ restarts: 1, request_rate: 2 });
});

test('what it asks of others, and buckets, are not what it is asked', () => {
  for (const name of ['http_client_requests_total', 'upstream_request_duration_seconds_count', 'shop_orders'])
    expect(feedsServiceFigures(labelsOf(name)), name).toBe(false);
  expect(feedsServiceFigures(labelsOf('http_request_duration_seconds_bucket{le=0.1}'))).toBe(false);
});

test('down: the scrape failed, or the exporter says that what it speaks for is', () => {
  expect(derive({ up: 1 })[0]).toEqual({ down_ratio: 0 });
  expect(derive({ up: 0 })[0]).toEqual({ down_ratio: 1 });
  expect(derive({ up: 1, redis_up: 0 })[0]).toEqual({ down_ratio: 1 });
});

test('shares of what is bounded; a bound of nothing is none', () => {
  const [figures] = derive({
    'pg_stat_activity_count{state=active}': 10,
    'pg_stat_activity_count{state=idle}': 15,
    pg_settings_max_connections: 50,
    process_open_fds: 20,
    process_max_fds: 1024,
    redis_memory_used_bytes: 1e6,
    redis_memory_max_bytes: 0,
  });
  expect(figures).toEqual({ connections_ratio: 0.5, open_files_ratio: 20 / 1024 });
});

test('of two families that count requests, the one that tells failures apart', () => {
  const [, figures] = derive(
    { shop_requests_total: 0, 'http_requests_total{status=200}': 0, 'http_requests_total{status=500}': 0 },
    { shop_requests_total: 500, 'http_requests_total{status=200}': 80, 'http_requests_total{status=500}': 20 },
  );
  expect(figures).toEqual({ request_rate: 10, error_ratio: 0.2, refused_ratio: 0 });
});

test('nothing is said of what did not come', () => {
  const [, gone, back, after] = derive(
    { 'http_requests_total{code=200}': 100, up: 1 },
    { up: 0 },
    { 'http_requests_total{code=200}': 130, up: 1 },
    { 'http_requests_total{code=200}': 140, up: 1 },
  );
  expect(gone).toEqual({ down_ratio: 1 });
  expect(back).toEqual({ down_ratio: 0 });
  expect(after).toEqual({ down_ratio: 0, request_rate: 1, refused_ratio: 0, error_ratio: 0 });
});

test('errors that are counted from logs are no figure of a page: they come at other times', () => {
  expect(feedsServiceFigures(labelsOf('log_errors_total{class=connection}'))).toBe(false);
  expect(feedsServiceFigures(labelsOf('http_errors_total'))).toBe(true);
});
