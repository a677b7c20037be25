import { createServer } from 'node:http';
import type pg from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, register } from 'prom-client';

/* The shop's own figures, as a service of a careful team has them, at a port of their own. */

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export const requests = new Counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labelNames: ['route', 'status'] as const,
});
export const duration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'How long answers took.',
  labelNames: ['route'] as const,
  buckets,
});
export const dependency = new Histogram({
  name: 'dependency_duration_seconds',
  help: 'How long what the shop asks took to answer.',
  labelNames: ['dependency'] as const,
  buckets,
});
export const dependencyErrors = new Counter({
  name: 'dependency_errors_total',
  help: 'Failed questions to what the shop asks.',
  labelNames: ['dependency', 'code'] as const,
});
export const cacheHits = new Counter({ name: 'cache_hits_total', help: 'Items found in the cache.' });
export const cacheMisses = new Counter({ name: 'cache_misses_total', help: 'Items not found in the cache.' });
export const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Requests being answered.' });

/** Serves /metrics; resolves when it listens. */
export function serveMetrics(host: string, port: number, version: string, pool: pg.Pool): Promise<void> {
  collectDefaultMetrics();
  new Gauge({ name: 'build_info', help: 'Always 1.', labelNames: ['version'] as const }).set({ version }, 1);
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections to the database by state; and who waits for one.',
    labelNames: ['state'] as const,
    collect() {
      this.set({ state: 'total' }, pool.totalCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  const server = createServer((_request, response) => {
    void register.metrics().then((text) => response.setHeader('content-type', register.contentType).end(text));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** Measures a question to something that the shop depends on. */
export async function asked<T>(name: string, question: () => Promise<T>): Promise<T> {
  const end = dependency.startTimer({ dependency: name });
  try {
    return await question();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'other';
    dependencyErrors.inc({ dependency: name, code });
    throw error;
  } finally {
    end();
  }
}
