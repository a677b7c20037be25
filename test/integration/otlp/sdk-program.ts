/** A program as its maker writes it, with OpenTelemetry's own SDK: `node sdk-program.ts <proto|http>`; where it sends to is in the environment. */
import { SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

const isProto = process.argv[2] === 'proto';
const resource = resourceFromAttributes({ 'service.name': 'cart', 'service.instance.id': process.argv[2] ?? '' });
const meters = new MeterProvider({
  resource,
  views: [{ instrumentName: 'wait', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  readers: [
    new PeriodicExportingMetricReader({
      exporter: isProto ? new ProtoMetrics() : new JsonMetrics(),
      exportIntervalMillis: 60_000,
    }),
  ],
});
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: isProto ? new ProtoLogs() : new JsonLogs() })],
});

const meter = meters.getMeter('shop');
meter.createCounter('orders', { unit: '{order}' }).add(7, { kind: 'new' });
meter.createUpDownCounter('queue.length').add(3);
meter.createObservableGauge('pool.usage', { unit: '1' }).addCallback((result) => result.observe(0.25));
const duration = meter.createHistogram('http.server.request.duration', {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.1, 1] },
});
for (const seconds of [0.05, 0.5, 5]) duration.record(seconds, { 'http.route': '/cart' });
const wait = meter.createHistogram('wait', { unit: 'ms' });
for (const milliseconds of [1, 2, 4]) wait.record(milliseconds);

const logger = logs.getLogger('shop.db');
logger.emit({ severityNumber: SeverityNumber.INFO, body: 'started' });
const error = new RangeError(`connect ECONNREFUSED 10.0.0.${process.pid % 250}:5432`);
logger.emit({
  severityNumber: SeverityNumber.ERROR,
  body: 'no cart',
  attributes: {
    'exception.type': error.name,
    'exception.message': error.message,
    'exception.stacktrace': error.stack ?? '',
  },
});

await meters.shutdown();
await logs.shutdown();
