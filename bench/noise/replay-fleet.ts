import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LearntState, startReplay } from '../../src/compose-replay.ts';
import { allRows, type Entity, type Incident, labelsFrom, type Severity, severityRank } from '../../src/model/index.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import type { FleetMember, FleetSeries } from './fleet.ts';
import type { Page } from './pages.ts';

const HOUR = 3_600_000;
const INTERVAL_MS = 60_000;

/** What Auspex says of a fleet with its settings as they come: every incident, with the names of what is part of it. */
export async function replayFleet(
  members: readonly FleetMember[],
  from: number,
  to: number,
): Promise<{ readonly incidents: readonly Incident[]; readonly nameOf: (entityId: string) => string }> {
  const home = await mkdtemp(join(process.env['BENCH_HOME'] ?? tmpdir(), 'auspex-noise-'));
  try {
    const replay = await startReplay({
      home,
      at: from,
      intervalMs: INTERVAL_MS,
      timeZone: 'UTC',
      entities: [],
      learnt: new LearntState(),
      turnMs: INTERVAL_MS / 2,
      log: createLogger('silent'),
    });
    const series = members.flatMap((member) =>
      member.series.map((one) => ({
        ...one,
        ref: replay.series(
          labelsFrom([
            ['__name__', one.metric],
            ['instance', member.name],
            ['job', 'fleet-' + member.name],
          ]),
          'gauge',
        ),
      })),
    );
    for (let at = from; at < to; at += HOUR) {
      await replay.feed(series.map((one) => ({ ref: one.ref, ...between(one, at, at + HOUR) })));
      if ((at - from) % (24 * HOUR) === 0) process.stderr.write(`day ${(at - from) / (24 * HOUR)}\n`);
    }
    await replay.advanceTo(to);
    const incidents = await allRows(replay.records, 'incidents');
    const names = new Map((await allRows(replay.records, 'entities')).map((one) => [one.id, one]));
    await replay.close();
    return { incidents, nameOf: (id) => instanceOf(names.get(id)) };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function instanceOf(entity: Entity | undefined): string {
  return (entity?.name ?? '').replace(/^.* on /, '');
}

function between(
  { times, values }: FleetSeries,
  from: number,
  to: number,
): { times: Float64Array; values: Float64Array } {
  const first = lowerBound(times, from);
  const end = lowerBound(times, to);
  return { times: times.slice(first, end), values: values.slice(first, end) };
}

function lowerBound(times: Float64Array, at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The pages of incidents: each time that people were told of one is one, for everything that is part of it by then; what joins later
 * is told of by the page that was sent, from its first sign on.
 */
export function pagesOf(
  incidents: readonly Incident[],
  nameOf: (entityId: string) => string,
  least: Severity,
): { readonly count: number; readonly pages: readonly Page[] } {
  const told = incidents.filter(
    ({ steps, severity }) => steps.some(({ kind }) => kind === 'told') && severityRank[severity] >= severityRank[least],
  );
  const pages = told.flatMap(({ steps, signs }) => {
    const tellings = steps.flatMap(({ kind, at }) => (kind === 'told' ? at : []));
    return signs.flatMap((sign) => {
      const at =
        tellings.find((telling) => telling >= sign.startedAt) ?? Math.max(tellings.at(-1) ?? 0, sign.startedAt);
      return [{ member: nameOf(sign.entityId), at, to: sign.endedAt ?? at }];
    });
  });
  return { count: told.reduce((sum, { steps }) => sum + steps.filter(({ kind }) => kind === 'told').length, 0), pages };
}
