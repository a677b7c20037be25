import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import { incidentClassWords } from '../../api/contract/incident-words.ts';
import type { Incident, IncidentDetail } from '../../api/contract/index.ts';
import { formatDuration } from '../../model/index.ts';
import { formatTime } from '../output.ts';

export const MARKS = { none: '·', medium: '▲', high: '◆', critical: '■' } as const;
export const COLORS = { none: 'gray', medium: 'blue', high: 'yellow', critical: 'red' } as const;

/** Without colour where nobody wants it: marks and words say the same. */
export function colored(color: string): { readonly color?: string } {
  return process.env['NO_COLOR'] === undefined ? { color } : {};
}

/** Open incidents, one a line: severity, age, what it is, who is likely behind it. */
export function IncidentLines({
  incidents,
  total,
  selected,
  from,
  at,
}: {
  /** Those shown. */
  readonly incidents: readonly Incident[];
  readonly total: string;
  /** Which of all is chosen; the first shown is `from`. */
  readonly selected: number;
  readonly from: number;
  readonly at: number;
}): ReactElement {
  return (
    <Box flexDirection="column">
      <Text dimColor>{total}</Text>
      {incidents.map((incident, i) => (
        <Text key={incident.id} wrap="truncate-end" inverse={from + i === selected}>
          <Text {...colored(COLORS[incident.severity])}>
            {` ${MARKS[incident.severity]} ${incident.severity.padEnd(9)}`}
          </Text>
          {`${formatDuration(Math.max(0, at - Date.parse(incident.startedAt))).padEnd(12)} ${wordsOf(incident)}`}
        </Text>
      ))}
    </Box>
  );
}

/** The title has the class where it is known. */
function wordsOf({ title, class: kind, cause }: Incident): string {
  const words = incidentClassWords[kind];
  const what = kind === 'unknown' || title.startsWith(words) ? title : `${words}: ${title}`;
  return cause === null || what.includes(cause) ? what : `${what} · likely behind it: ${cause}`;
}

/** One incident as far as a screen holds it: what, since when, who knows; causes with why; signs. */
export function IncidentScreen({
  incident,
  rows,
}: {
  readonly incident: IncidentDetail;
  readonly rows: number;
}): ReactElement {
  const told = incident.toldAt === null ? 'nobody was told' : `people were told at ${formatTime(incident.toldAt)}`;
  const who = incident.assignee === null ? '' : `, ${incident.assignee} has it`;
  const causes = incident.causes.slice(0, 3);
  const signs = incident.signs.slice(0, Math.max(2, rows - 9 - 2 * causes.length));
  const more = incident.signs.length - signs.length;
  return (
    <Box flexDirection="column">
      <Text bold wrap="truncate-end">
        {incident.title}
      </Text>
      <Text wrap="truncate-end">
        <Text {...colored(COLORS[incident.severity])}>{`${MARKS[incident.severity]} ${incident.severity}`}</Text>
        {`, ${incidentClassWords[incident.class].toLowerCase()}, ${incident.state} since ${formatTime(incident.startedAt)}; ${told}${who}`}
      </Text>
      <Box flexDirection="column" marginTop={1}>
        <Text dimColor>LIKELY BEHIND IT</Text>
        {causes.length === 0 && <Text>{'  Nothing stands out so far.'}</Text>}
        {causes.map(({ name, score, reasons }) => (
          <Box key={name} flexDirection="column">
            <Text wrap="truncate-end">{`  ${name}, ${Math.round(100 * score)} % of what speaks for anybody`}</Text>
            {reasons[0] !== undefined && <Text dimColor wrap="truncate-end">{`    ${reasons[0]}`}</Text>}
          </Box>
        ))}
      </Box>
      <Box flexDirection="column" marginTop={1}>
        <Text dimColor>{`SIGNS ${incident.signs.length}`}</Text>
        {signs.map((sign) => (
          <Text key={sign.id} wrap="truncate-end">
            <Text {...colored(COLORS[sign.severity])}>{` ${MARKS[sign.severity]} `}</Text>
            {`${formatTime(sign.startedAt)} ${sign.endedAt === null ? '' : 'over: '}${sign.summary}`}
          </Text>
        ))}
        {more > 0 && <Text>{`   and ${more} more`}</Text>}
      </Box>
    </Box>
  );
}
