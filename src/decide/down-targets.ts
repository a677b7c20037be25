import { formatNumber, labelValue, LOG_ERRORS_METRIC, SCRAPE_FAILED_METRIC } from '../model/index.ts';
import {
  CERTAIN,
  evidence,
  type Evidence,
  isShortOfProcessor,
  likesOf,
  NOTABLE,
  type Seen,
  type Services,
  valueOf,
} from './trouble-seen.ts';

const TIMED_OUT_SECONDS = 2.5;
const FULL_RATIO = 0.85;

/** Who does not answer any more: refused is a crash, silence a hang, all at once the way to them. */
export function downs(seen: readonly Seen[], services: Services): Evidence[] {
  const ups = seen.filter(({ metric }) => metric === 'up');
  const down = ups.filter(({ change }) => change.usual > 0.5 && (change.level < 0.5 || change.last < 0.5));
  if (down.length === 0) return [];
  const nameOf = ({ series }: Seen): string => services.get(series.entityId) ?? series.entityId;
  if (down.length >= 3 && new Set(down.map(nameOf)).size >= 2 && down.length >= 0.8 * ups.length) {
    const text = `${down.length} of ${ups.length} targets stopped to answer at once: their figures are lost, which says nothing of themselves.`;
    return down.map(({ series }) => evidence('telemetry-lost', 6, series.entityId, text));
  }
  const isShort = isShortOfProcessor(seen, FULL_RATIO);
  const reasons = new Map(down.map(({ series }) => [series.entityId, reasonOf(seen, series.entityId)]));
  const silent = down.filter(({ series }) => reasons.get(series.entityId) === 'timeout');
  const isCutOff = new Set(silent.map(nameOf)).size >= 2 && seen.some(isSentAgain);
  return down.map((one): Evidence => {
    const { entityId } = one.series;
    // Who answers late where all wait for the processor does not hang; where its like answers in time, it does.
    const isAlone = likesOf(one, ups, services).some(({ change }) => change.last > 0.5);
    const late = isShort && !isAlone ? 1 : CERTAIN;
    switch (reasons.get(entityId)) {
      case 'timeout': {
        const waited = `its figures were waited for ${formatNumber(durationOf(seen, entityId))} s`;
        const text = `It gives no answer, as others do not, and what is sent goes unheard: ${waited}.`;
        return isCutOff
          ? { ...evidence('network', late, entityId, text), part: 'network', key: 'network unheard' }
          : evidence('hang', late, entityId, `It is there but gives no answer: ${waited}.`);
      }
      case 'reset':
        return evidence('hang', late / 2, entityId, 'It takes connections and closes them without an answer.');
      case 'unreachable':
        return { ...evidence('network', CERTAIN, entityId, 'No way leads to it any more.'), part: 'network' };
      case 'name':
        return evidence(
          'dependency-failure',
          CERTAIN,
          entityId,
          'Its name is not known any more: the resolver does not answer or has lost it.',
        );
      case 'tls':
        return evidence('bad-configuration', CERTAIN, entityId, 'Its certificate is not taken.');
      case 'answer':
        return evidence('bad-configuration', 2, entityId, 'Something answers in its place, but not with its figures.');
      default:
        return (
          startFault(seen, entityId) ??
          evidence('crash', CERTAIN, entityId, 'It refuses connections: nothing listens there any more.')
        );
    }
  });
}

/** How a target cannot be scraped; where nothing says so, by how long it took. */
function reasonOf(seen: readonly Seen[], entityId: string): string {
  const failed = seen.find(
    (one) => one.metric === SCRAPE_FAILED_METRIC && one.series.entityId === entityId && one.change.last > 0,
  );
  const reason = failed === undefined ? undefined : labelValue(failed.series.labels, 'reason');
  return reason ?? (durationOf(seen, entityId) >= TIMED_OUT_SECONDS ? 'timeout' : 'refused');
}

function durationOf(seen: readonly Seen[], entityId: string): number {
  return valueOf(seen, entityId, 'scrape_duration_seconds')?.level ?? 0;
}

/** Calls for a connection that nobody hears are made again, and so is what was sent. */
function isSentAgain({ metric, change }: Seen): boolean {
  return (
    /^node_netstat_TcpExt_(TCPTimeouts|TCPSynRetrans)$/.test(metric) && change.deviation >= NOTABLE && change.last >= 1
  );
}

/** Why a program ends at each start, by the code in its log. */
const START_FAULTS: Readonly<Record<string, string>> = {
  configuration: 'a setting is missing or wrong',
  EADDRINUSE: 'another program has its port',
  EACCES: 'it may not read or use what it needs',
};

/** What does not run because it cannot start has not crashed. */
function startFault(seen: readonly Seen[], entityId: string): Evidence | null {
  const codes = seen
    .filter(
      ({ metric, series, change }) =>
        metric === LOG_ERRORS_METRIC && series.entityId === entityId && change.deviation >= NOTABLE,
    )
    .map(({ series }) => labelValue(series.labels, 'code') ?? '');
  const code = codes.find((one) => Object.hasOwn(START_FAULTS, one));
  if (code === undefined) return null;
  const text = `It refuses connections, and its log says why: ${START_FAULTS[code]} (${code}).`;
  return evidence('bad-configuration', CERTAIN + 1, entityId, text);
}
