import type { Health } from '../decide/health.ts';
import type { Dependency, ServiceProcess, ServiceRow } from '../model/index.ts';

/** A service as it is now. */
export interface ServiceState {
  readonly row: ServiceRow;
  readonly health: Health;
  /** What is not known of it, and why. */
  readonly missing: readonly string[];
  readonly entityIds: readonly string[];
  readonly processes: readonly ServiceProcess[];
  readonly business: readonly string[];
  readonly calls: readonly Dependency[];
  readonly calledBy: readonly Dependency[];
  /** Open ones. */
  readonly incidentIds: readonly string[];
  readonly openFindings: number;
  readonly firingAlerts: number;
}

/** Below it a service is not called well. */
const WELL = 80;

/** The page's first sentence: how many there are, and what drags down those that are not well. */
export function servicesSentence(worstFirst: readonly ServiceState[]): string {
  if (worstFirst.length === 0) return 'No services are known yet.';
  const ill = worstFirst.filter(({ health: { score } }) => score !== null && score < WELL);
  const unknown = worstFirst.filter(({ health: { score } }) => score === null).length;
  const count = (n: number): string => `${n} ${n === 1 ? 'service' : 'services'}`;
  const unseen = unknown === 0 ? '' : ` ${unknown === 1 ? 'One is' : `${unknown} are`} not seen at present.`;
  if (ill.length === 0) {
    const well = worstFirst.length - unknown;
    return well === 0
      ? `${count(unknown)}, of which nothing is seen at present.`
      : `${count(well)} ${well === 1 ? 'is' : 'are'} well.${unseen}`;
  }
  const named = ill
    .slice(0, 2)
    .map(
      ({ row, health }) =>
        `${row.name} is at ${health.score}: ${health.sentence.charAt(0).toLowerCase()}${health.sentence.slice(1)}`,
    );
  const more = ill.length > 2 ? ` So are ${ill.length - 2} more.` : '';
  return `${ill.length} of ${count(worstFirst.length)} ${ill.length === 1 ? 'is' : 'are'} not well. ${named.join(' ')}${more}${unseen}`;
}
