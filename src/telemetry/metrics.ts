import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Auspex's own metrics, scraped at /metrics. Names in base units, documented in docs/reference/metrics.md (a test holds them equal). */
export const registry = new Registry();

const shared = { registers: [registry] };

export const metrics = {
  samplesIngested: new Counter({
    ...shared,
    name: 'auspex_samples_ingested_total',
    help: 'Samples acknowledged, by way in.',
    labelNames: ['source'],
  }),
  samplesRefused: new Counter({
    ...shared,
    name: 'auspex_samples_refused_total',
    help: 'Samples refused, by reason.',
    labelNames: ['reason'],
  }),
  samplesScored: new Counter({
    ...shared,
    name: 'auspex_samples_scored_total',
    help: 'Samples scored by the detectors.',
  }),
  scoreLagSeconds: new Gauge({
    ...shared,
    name: 'auspex_score_lag_seconds',
    help: 'How long the newest scored sample had waited.',
  }),
  commitSeconds: new Histogram({
    ...shared,
    name: 'auspex_store_commit_seconds',
    help: 'Time of one durable commit.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  }),
  storeBytes: new Gauge({
    ...shared,
    name: 'auspex_store_bytes',
    help: 'Size of the home folder’s data, by kind.',
    labelNames: ['kind'],
  }),
  seriesCount: new Gauge({ ...shared, name: 'auspex_series', help: 'Series known.' }),
  findings: new Counter({
    ...shared,
    name: 'auspex_findings_total',
    help: 'Findings opened, by detector and severity.',
    labelNames: ['detector', 'severity'],
  }),
  pages: new Counter({ ...shared, name: 'auspex_pages_total', help: 'Alerts of which people were told.' }),
  notifications: new Counter({
    ...shared,
    name: 'auspex_notifications_total',
    help: 'Notifications, by channel and result.',
    labelNames: ['channel', 'result'],
  }),
  predictionsScored: new Counter({
    ...shared,
    name: 'auspex_predictions_scored_total',
    help: 'Ledger rows scored, by type and outcome.',
    labelNames: ['type', 'outcome'],
  }),
  httpSeconds: new Histogram({
    ...shared,
    name: 'auspex_http_request_seconds',
    help: 'Time of HTTP requests, by route and status.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.05, 0.25, 1, 5],
  }),
  webSocketClients: new Gauge({ ...shared, name: 'auspex_websocket_clients', help: 'Open live connections.' }),
  loopDelaySeconds: new Gauge({
    ...shared,
    name: 'auspex_event_loop_delay_seconds',
    help: 'Event loop delay, 99th percentile of the last minute.',
  }),
  residentBytes: new Gauge({
    ...shared,
    name: 'auspex_resident_memory_bytes',
    help: 'Resident memory of the process.',
    collect() {
      this.set(process.memoryUsage.rss());
    },
  }),
  /** Read when it is scraped; nothing else may add to it. */
  cpuSeconds: new Counter({
    ...shared,
    name: 'auspex_cpu_seconds_total',
    help: 'CPU time of the process.',
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  }),
};
