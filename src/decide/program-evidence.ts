import { labelValue, processGroupMetrics, PROGRAMS, socketMetrics } from '../model/index.ts';
import { CERTAIN, evidence, type Evidence, NOTABLE, type Seen } from './trouble-seen.ts';

/** Who exports the figures of a program, by the prefix of their names: what clients hear from it is said of it. */
export function speakersOf(seen: readonly Seen[]): ReadonlyMap<string, string> {
  return new Map(
    seen.flatMap(({ series, metric }) => {
      const [, prefix] = /^([a-z]+)_up$/.exec(metric) ?? [];
      return prefix === undefined ? [] : [[prefix, series.entityId] as const];
    }),
  );
}

/** Whose protocol a code is of, by the prefix of the program's figures; '' for one of the system or the network. */
export function programOf(code: string): string {
  if (/^(NOAUTH|WRONGPASS|NOPERM|MISCONF|CLUSTERDOWN|MASTERDOWN|OOM)$/.test(code)) return 'redis';
  if (/^(?=[0-9A-Z]*\d)[0-9A-Z]{5}$/.test(code)) return 'pg';
  return /^1\d{3}$/.test(code) ? 'mysql' : '';
}

/** Who cannot be reached although the program runs on a host that is watched. */
export function cutOff(seen: readonly Seen[]): Evidence[] {
  const groups = seen.filter(
    ({ metric }) => metric === processGroupMetrics.processCount || metric === socketMetrics.listener,
  );
  const codes = seen.filter(isRisingCode).map(({ series }) => labelValue(series.labels, 'code') ?? '');
  const isTurnedAway = codes.some((code) => code === 'ECONNREFUSED' || code === 'ECONNRESET');
  return seen.flatMap(({ series: { entityId }, metric, change }) => {
    const [, prefix] = /^([a-z]+)_up$/.exec(metric) ?? [];
    const program = prefix === undefined ? undefined : PROGRAMS[prefix];
    if (program === undefined || !(change.last < 0.5 && change.usual > 0.5)) return [];
    const own = groups.filter(({ series }) => {
      const name = labelValue(series.labels, 'groupname') ?? '';
      return program.test(name) && !name.includes('exporter');
    });
    // Who answers in its own words can be reached.
    if (own.length === 0 || codes.some((code) => programOf(code) === prefix)) return [];
    if (own.every((group) => !(group.change.last >= 0.5)))
      return [evidence('crash', CERTAIN, entityId, 'Its process is gone.')];
    const listens = own.some((group) => group.metric === socketMetrics.listener && group.change.last >= 0.5);
    return listens && isTurnedAway
      ? [
          evidence(
            'network',
            CERTAIN + 1,
            entityId,
            'It listens, yet connections to it are refused or reset: something on the way does that.',
          ),
        ]
      : [evidence('network', 2.5, entityId, 'Its process runs, but it cannot be reached.')];
  });
}

/** A counter of errors by code that rose, or that there was not before. */
function isRisingCode({ metric, change }: Seen): boolean {
  return change.deviation >= NOTABLE && /err|fail/i.test(metric);
}
