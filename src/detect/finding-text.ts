import {
  type Contribution,
  type Culprit,
  formatDuration,
  formatValue,
  type Resource,
  type Severity,
} from '../model/index.ts';

const resourceNames: Readonly<Record<Resource, string>> = {
  cpu: 'CPU',
  memory: 'Memory',
  disk: 'Disk space',
  'disk-io': 'Disk traffic',
  network: 'Network traffic',
  processes: 'Processes',
  files: 'Open files',
  clock: 'Clock',
  availability: 'Availability',
  errors: 'Error rate',
  latency: 'Latency',
  traffic: 'Traffic',
  saturation: 'Saturation',
  other: 'Behaviour',
};

/** `3–12 %`: the unit once where both ends have the same. */
export function formatRange(lower: number, upper: number, unit: string): string {
  // Zero has no unit of its own: "0–184/s", not "0/s–184/s".
  const least = unit === 'ratio' ? Math.max(0, lower) : lower;
  const low = least === 0 ? '0' : formatValue(least, unit);
  const high = formatValue(unit === 'ratio' ? Math.min(1, upper) : upper, unit);
  if (low === high) return low;
  const lowUnit = low.slice(low.indexOf(' '));
  return low.includes(' ') && high.endsWith(lowUnit) ? `${low.slice(0, low.indexOf(' '))}–${high}` : `${low}–${high}`;
}

/** `14:02` in the entity's civil time. */
export function formatClock(at: number, offsetMs: number): string {
  const minute = Math.floor((at + offsetMs) / 60_000) % 1440;
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** A host's or service's figure of known meaning. */
export function figureSummary(
  name: string,
  resource: Resource,
  lead: Contribution,
  since: string,
  culprits: readonly Culprit[],
): string {
  if (lead.feature === 'down') return `${name} does not answer since ${since}: it is down or cannot be reached.`;
  const what = resource === 'disk' ? `${place(lead)} on ${name}` : `${resourceNames[resource]} of ${name}`;
  const figure =
    resource === 'disk' || (resource === 'cpu' && lead.feature === 'CPU used') || lead.feature === 'memory used'
      ? `is at ${formatValue(lead.value, lead.unit)}`
      : `is unusual: ${lead.feature} ${formatValue(lead.value, lead.unit)}`;
  const first = `${what} ${figure}, usually ${formatRange(lead.lower, lead.upper, lead.unit)} at this hour, since ${since}`;
  return culprits.length > 0
    ? `${first}; ${culprits[0].name} ${culprits[0].evidence.replace(/, usually.*$/, '')}.`
    : `${first}.`;
}

export function jointSummary(name: string, contributions: readonly Contribution[], of: number, since: string): string {
  const named = contributions
    .slice(0, 3)
    .map((c) => `${c.feature} ${formatValue(c.value, c.unit)} (usually ${formatRange(c.lower, c.upper, c.unit)})`);
  return `${name} behaves unusually since ${since}: ${named.join(', ')}; ${contributions.length} of ${of} figures deviate.`;
}

export function metricSummary(name: string, subject: string, lead: Contribution, since: string): string {
  const way = lead.value > lead.expected ? 'above' : 'below';
  return `${subject} of ${name} is ${formatValue(lead.value, lead.unit)}, ${way} its usual ${formatRange(lead.lower, lead.upper, lead.unit)} at this hour, since ${since}.`;
}

export function absenceSummary(name: string, since: string, silentMs: number, intervalMs: number): string {
  return `${name} has not reported since ${since} (${formatDuration(silentMs)}); it usually does every ${formatDuration(intervalMs)}.`;
}

/** What would have had to be different. */
export function counterfactualOf(lead: Contribution): string {
  const bound = lead.value > lead.expected ? lead.upper : lead.lower;
  const word = lead.value > lead.expected ? 'below' : 'above';
  return `With ${lead.feature} ${word} ${formatValue(bound, lead.unit)} this would not be a finding.`;
}

/** What a person could do: first to look, then to stop it, by name. */
export function actionsFor(
  resource: Resource,
  lead: Contribution,
  culprits: readonly Culprit[],
  severity: Severity,
): string[] {
  const process = culprits.find((c) => c.kind === 'process');
  const named =
    process === undefined ? null : process.pid === null ? process.name : `${process.name} (pid ${process.pid})`;
  const out: string[] = [];
  switch (resource) {
    case 'cpu':
      out.push(
        named
          ? `Check why ${named} computes so much; \`renice\` or stop it if it should not.`
          : 'Look at the heaviest processes (`top -o %CPU`).',
      );
      break;
    case 'memory':
      out.push(
        named
          ? `Check ${named} for a leak; restart it before memory runs out.`
          : 'Look at the largest processes (`top -o %MEM`).',
      );
      break;
    case 'disk':
      out.push(`Find what grows on ${place(lead)}: \`du -xh ${place(lead)} | sort -h | tail\`.`);
      if (named) out.push(`${named} writes most at present: check its output and logs.`);
      break;
    case 'disk-io':
      out.push(
        named
          ? `Check what ${named} reads or writes; \`ionice\` it or move it to a quiet hour.`
          : 'Look at what reads and writes (`iotop -o`).',
      );
      break;
    case 'network':
      out.push(named ? `Check what ${named} sends and receives.` : 'Look at the connections (`ss -tnp`).');
      break;
    case 'processes':
      out.push(
        named
          ? `Check why ${named} starts so many processes; stop it or limit it (\`ulimit -u\`).`
          : 'Look at who starts processes (`ps -ef --forest`).',
      );
      break;
    case 'files':
      out.push('Find who holds files open (`lsof | sort`), and raise the limit if it is right.');
      break;
    case 'availability':
      out.push('Check whether it runs and can be reached; look at its last log lines and at what changed just before.');
      break;
    case 'errors':
      if (lead.feature === 'requests refused as not allowed') {
        out.push(
          'Look at what it checks callers by: a secret or certificate that was changed, a clock that is wrong; or somebody tries passwords.',
        );
        break;
      }
      out.push('Look at its log for the errors, then at what it depends on and at its last release.');
      break;
    case 'latency':
      out.push('Look at what it waits for: its database, the services that it calls, its CPU.');
      break;
    case 'traffic':
      out.push('Check where the requests come from; add instances or limit the rate if they are too many.');
      break;
    case 'clock':
      out.push(
        'Compare its clock with others (`timedatectl`, `chronyc tracking`) and set it right: tokens, certificates and logs depend on it.',
      );
      break;
    case 'saturation':
      out.push('Find who holds what it has few of (connections, the event loop), and end or limit that.');
      break;
    default:
      out.push(`Look at ${lead.feature} around the onset, and at what changed then.`);
  }
  if (severity === 'medium') out.push('If this is as it should be, mark it as normal: it will not be reported again.');
  return out;
}

function place(lead: Contribution): string {
  for (let i = 0; i < lead.labels.length; i += 2) if (lead.labels[i] === 'mountpoint') return lead.labels[i + 1];
  return 'the disk';
}
