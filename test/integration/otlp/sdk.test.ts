import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { labelValue } from '../../../src/model/index.ts';
import { until } from '../prometheus/real-programs.ts';
import { seriesOf, start } from './running.ts';

/* Programs with OpenTelemetry's own SDK, in processes of their own. */

const program = fileURLToPath(new URL('sdk-program.ts', import.meta.url));
const EXPECTED: readonly (readonly [name: string, label: string, value: string, number: number])[] = [
  ['orders_total', 'kind', 'new', 7],
  ['queue_length', '', '', 3],
  ['pool_usage_ratio', '', '', 0.25],
  ['http_server_request_duration_seconds_bucket', 'le', '0.1', 1],
  ['http_server_request_duration_seconds_bucket', 'le', '1', 2],
  ['http_server_request_duration_seconds_bucket', 'le', '+Inf', 3],
  ['http_server_request_duration_seconds_sum', '', '', 5.55],
  ['http_server_request_duration_seconds_count', 'http_route', '/cart', 3],
  ['wait_milliseconds_count', '', '', 3],
  ['wait_milliseconds_sum', '', '', 7],
];

test.each([
  ['proto', 'gzip'],
  ['http', 'gzip'],
  ['http', 'none'],
])(
  'metrics and logs of the SDK for JavaScript: %s, compression %s',
  { timeout: 120_000 },
  async (encoding, compression) => {
    const { auspex, url, client } = await start();
    const { stderr } = await promisify(execFile)(process.execPath, [program, encoding], {
      env: {
        ...process.env,
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_LOG_LEVEL: 'error',
      },
    });
    expect(stderr.replaceAll(/.*ExperimentalWarning.*|\(Use `node --trace-warnings.*/g, '').trim()).toBe('');
    for (const [name, label, value, number] of EXPECTED) {
      const series = seriesOf(auspex, name).filter(({ labels }) => label === '' || labelValue(labels, label) === value);
      expect(
        series.map(({ entityId }) => entityId),
        `${name} ${value}`,
      ).toEqual(['service:cart']);
      expect(labelValue(series[0]?.labels ?? [], 'instance')).toBe(encoding);
      const [points] = await auspex.stores.metrics.last(
        series.map(({ ref }) => ref),
        Date.now(),
        60_000,
      );
      expect(points?.values[0], `${name} ${value}`).toBeCloseTo(number, 9);
    }
    const { items } = await until(
      () => client.call('errors', { query: { entity: 'cart' } }),
      (found) => found.items.length === 1,
      30_000,
      'the error',
    );
    expect(items[0]).toMatchObject({ class: 'connection', type: 'RangeError', component: 'shop.db', count: 1 });
    expect(items[0]?.topFrame).toContain('sdk-program.ts');
  },
);
