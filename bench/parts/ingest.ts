import { setTimeout as delay } from 'node:timers/promises';
import { type Load, startLoad } from '../ingest/load.ts';
import type { LoadOrder, LoadResult } from '../ingest/load-process.ts';
import type { Options } from '../options.ts';
import { mb, median, type Report } from '../report.ts';
import {
  type AuspexServer,
  findProgram,
  type Server,
  startAuspex,
  startPrometheus,
  startVictoriaMetrics,
} from '../servers.ts';

/* Samples acknowledged per second over remote write, every server sent the same bytes in turn, each on a fresh folder. */

const SERIES = 500;
const SAMPLES = 10;
/** Samples may wait this long to be scored; a faster rate than that allows does not count. */
const MOST_LAG_MS = 10_000;

interface Round extends LoadResult {
  readonly cpuPerMillion: number;
  readonly rssBytes: number;
  readonly lagMs: number | null;
  readonly drainMs: number | null;
}

interface Contender {
  readonly name: string;
  readonly path: string;
  start(): Promise<Server>;
}

export async function ingest(options: Options): Promise<Report> {
  const seconds = options.number('seconds', 10);
  const rounds = options.number('rounds', 3);
  const connections = options.number('connections', 8);
  const only = options.text('only', '');
  const contenders = contendersHere().filter((one) => one.name.includes(only));
  const results = new Map<string, Round[]>(contenders.map((one) => [one.name, []]));
  const load = startLoad();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const one of contenders) {
        const result = await measure(one, load, { seconds, connections });
        results.get(one.name)?.push(result);
        process.stderr.write(`  ${one.name}: ${(result.samples / result.seconds / 1e6).toFixed(2)} M/s\n`);
      }
    }
  } finally {
    load.stop();
  }
  return reportOf(contenders, results, `${rounds} rounds of ${seconds} s, ${connections} connections`);
}

function contendersHere(): Contender[] {
  const prometheus = findProgram('prometheus');
  const victoria = findProgram('victoria-metrics', 'victoria-metrics-prod');
  const auspex = (fsync: boolean) => () =>
    startAuspex({ env: { AUSPEX_STORE_FSYNC: String(fsync), AUSPEX_STORE_QUOTA: '20GB' } });
  return [
    { name: 'Auspex, fsync', path: '/api/v1/write', start: auspex(true) },
    { name: 'Auspex, no fsync', path: '/api/v1/write', start: auspex(false) },
    ...(prometheus === null
      ? []
      : [{ name: 'Prometheus', path: '/api/v1/write', start: () => startPrometheus(prometheus) }]),
    ...(victoria === null
      ? []
      : [{ name: 'VictoriaMetrics', path: '/api/v1/write', start: () => startVictoriaMetrics(victoria) }]),
  ];
}

async function measure(
  one: Contender,
  load: Load,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Round> {
  const server = await one.start();
  const order: LoadOrder = {
    port: server.port,
    path: one.path,
    seconds,
    connections,
    series: SERIES,
    samples: SAMPLES,
    startMs: Math.floor(Date.now() / 1_000) * 1_000 - 12 * 3_600_000,
  };
  try {
    // Compiled code and known series, as in a server that runs: then the clock starts.
    await load.run({ ...order, seconds: 3, startMs: order.startMs - 6 * 3_600_000 });
    const before = server.use();
    const watched = 'ingest' in server ? watchLag(server as AuspexServer) : null;
    const result = await load.run(order);
    const lag = (await watched?.stop()) ?? null;
    const after = server.use();
    return {
      ...result,
      cpuPerMillion: ((after.cpuSeconds - before.cpuSeconds) / result.samples) * 1e6,
      rssBytes: after.rssBytes,
      lagMs: lag?.lagMs ?? null,
      drainMs: lag?.drainMs ?? null,
    };
  } finally {
    await server.stop();
  }
}

/** Asks twice a second how long samples wait to be scored, and at the end how long until none waits. */
function watchLag(server: AuspexServer): { stop(): Promise<{ lagMs: number; drainMs: number }> } {
  let running = true;
  let lagMs = 0;
  const loop = (async () => {
    while (running) {
      lagMs = Math.max(lagMs, (await server.ingest()).scoreLagMs);
      await delay(500);
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      const begun = performance.now();
      for (;;) {
        const now = await server.ingest();
        lagMs = Math.max(lagMs, now.scoreLagMs);
        if (now.waiting === 0 || performance.now() - begun > 60_000) break;
        await delay(50);
      }
      return { lagMs, drainMs: performance.now() - begun };
    },
  };
}

function reportOf(
  contenders: readonly Contender[],
  results: ReadonlyMap<string, readonly Round[]>,
  how: string,
): Report {
  const all = [...results.values()].flat();
  const of = (name: string, figure: (round: Round) => number): number => median((results.get(name) ?? []).map(figure));
  const rate = (name: string): number => of(name, (r) => r.samples / r.seconds);
  const rows = contenders.map(({ name }) => {
    const rounds = results.get(name) ?? [];
    const lag = rounds.some((r) => r.lagMs === null) ? null : Math.max(...rounds.map((r) => r.lagMs ?? 0));
    return [
      name,
      `${(rate(name) / 1e6).toFixed(2)} M`,
      of(name, (r) => r.p50Ms),
      of(name, (r) => r.p99Ms),
      of(name, (r) => r.cpuPerMillion),
      mb(of(name, (r) => r.rssBytes)),
      lag,
      lag === null || lag <= MOST_LAG_MS ? 'yes' : 'NO',
      rounds.reduce((sum, r) => sum + r.refused, 0),
    ];
  });
  const ratio = (name: string, to: string): string =>
    results.has(name) && results.has(to) ? `${(rate(name) / rate(to)).toFixed(2)} × ${to}` : `${to} is not installed`;
  const missed = [
    ...(results.has('Prometheus') && results.has('Auspex, no fsync') && rate('Auspex, no fsync') < rate('Prometheus')
      ? ['without fsync Auspex takes in less than Prometheus']
      : []),
    ...rows.filter((row) => row[7] === 'NO').map((row) => `${row[0]}: samples waited ${row[6]} ms to be scored`),
  ];
  const refusal = all.find((r) => r.refusal !== null)?.refusal ?? null;
  return {
    columns: ['server', 'samples/s', 'p50 ms', 'p99 ms', 'CPU s/M', 'RSS MB', 'lag ms', 'counts', 'refused'],
    rows,
    notes: [
      `${SERIES} series × ${SAMPLES} samples a request (${all[0]?.bodyBytes} bytes, ${all[0]?.rawBytes} unpacked), closed loop; ${how}; medians.`,
      `The generator took ${Math.round(median(all.map((r) => r.generatorCpu)) * 100)} % of a core.`,
      ...['Auspex, fsync', 'Auspex, no fsync']
        .filter((name) => results.has(name))
        .map((name) => `${name}: ${ratio(name, 'Prometheus')}, ${ratio(name, 'VictoriaMetrics')}.`),
      ...(refusal === null ? [] : [`First refusal: ${refusal}`]),
    ],
    figures: { rounds: Object.fromEntries(results), medians: rows },
    missed,
  };
}
