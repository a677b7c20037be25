import { Box, render, Text, useApp, useInput, useWindowSize } from 'ink';
import { type ReactElement, useEffect, useState } from 'react';
import type { Client } from '../../api/client.ts';
import type { Incident, IncidentDetail, Overview } from '../../api/contract/index.ts';
import { AuspexError, errorTable } from '../../errors.ts';
import { formatValue } from '../../model/index.ts';
import { formatTime, sparkline } from '../output.ts';
import { colored, COLORS, IncidentLines, IncidentScreen, MARKS } from './terminal-incidents.tsx';

type Host = Overview['hosts'][number];
const HISTORY = 60;
/** Incidents shown at once where the screen is low, and where it is high. */
const [FEW, MANY] = [3, 6];
const HIGH_ROWS = 30;
const STATES = {
  ok: '· well',
  learning: '○ learning',
  unusual: '▲ unusual',
  alerting: '■ alerting',
  stale: '× silent',
} as const;
const STATE_COLORS = { ok: 'green', learning: 'gray', unusual: 'yellow', alerting: 'red', stale: 'magenta' } as const;

/** The live view in a terminal, from 80×24 on: the sentence, open incidents, the hosts, what is unusual, what comes next. Enter opens an incident. */
export async function terminalDashboard(client: Client, options: { refreshMs: number }): Promise<number> {
  const { waitUntilExit } = render(<Dashboard client={client} refreshMs={options.refreshMs} />, {
    alternateScreen: true,
    // Also where CI is set, which Ink takes for no terminal.
    interactive: process.stdout.isTTY,
  });
  await waitUntilExit();
  return 0;
}

interface Seen {
  readonly overview: Overview;
  readonly incidents: readonly Incident[];
  /** There are more than were asked for. */
  readonly hasMore: boolean;
  /** The one that is open on the screen. */
  readonly detail: IncidentDetail | null;
}

/** What the server says, again and again; what it said last stays while it cannot be reached. */
function useServer(
  client: Client,
  refreshMs: number,
  opened: string | null,
): { seen: Seen | null; problem: string | null } {
  const [seen, setSeen] = useState<Seen | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let stopped = false;
    let timer: NodeJS.Timeout | undefined;
    const read = async (): Promise<void> => {
      try {
        const [overview, incidents, detail] = await Promise.all([
          client.call('overview', {}),
          client.call('incidents', { query: { state: 'open', limit: 50 } }),
          opened === null ? null : client.call('incident', { params: { id: opened } }),
        ]);
        if (stopped) return;
        setSeen({ overview, incidents: incidents.items, hasMore: incidents.nextCursor !== null, detail });
        setProblem(null);
      } catch (thrown) {
        const error = AuspexError.from(thrown);
        if (!stopped) setProblem(`${errorTable[error.code].title}: ${error.message}`);
      }
      if (!stopped) timer = setTimeout(() => void read(), refreshMs);
    };
    void read();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [client, refreshMs, opened]);
  return { seen, problem };
}

function Dashboard({ client, refreshMs }: { client: Client; refreshMs: number }): ReactElement {
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const [opened, setOpened] = useState<string | null>(null);
  const [selected, setSelected] = useState(0);
  const [history, setHistory] = useState<ReadonlyMap<string, readonly number[]>>(new Map());
  const { seen, problem } = useServer(client, refreshMs, opened);
  const overview = seen?.overview;
  useEffect(() => {
    if (overview !== undefined) setHistory((before) => grown(before, overview));
  }, [overview]);
  const incidents = seen?.incidents ?? [];
  const last = incidents.length + (overview?.hosts.length ?? 0) - 1;
  const chosen = Math.max(0, Math.min(selected, last));

  useInput((input, key) => {
    const back = key.escape || key.leftArrow || key.backspace;
    if (input === 'q' || (key.ctrl && input === 'c') || (key.escape && opened === null)) exit();
    else if (opened !== null && back) setOpened(null);
    else if (opened === null && (input === 'j' || key.downArrow)) setSelected(Math.min(chosen + 1, Math.max(0, last)));
    else if (opened === null && (input === 'k' || key.upArrow)) setSelected(Math.max(0, chosen - 1));
    else if (key.return || key.rightArrow) setOpened(incidents[chosen]?.id ?? opened);
  });

  if (seen === null || overview === undefined) return <Text>{problem ?? 'Asking Auspex …'}</Text>;
  const shown = seen.detail !== null && seen.detail.id === opened ? seen.detail : null;
  const keys = opened === null ? 'j/k choose · Enter open · q quit' : 'Esc back · q quit';
  return (
    <Box flexDirection="column" width={columns} height={rows - 1}>
      {opened === null ? (
        <Everything seen={seen} chosen={chosen} history={history} size={{ columns, rows }} />
      ) : shown === null ? (
        <Text>Asking Auspex …</Text>
      ) : (
        <IncidentScreen incident={shown} rows={rows} />
      )}
      <Box flexGrow={1} />
      <Text dimColor wrap="truncate-end">
        {problem === null
          ? `live ${formatTime(overview.at)} · ${keys} · ${overview.trackRecord.sentence}`
          : `not reached since ${formatTime(overview.at)}: ${problem}`}
      </Text>
    </Box>
  );
}

function Everything({
  seen: { overview, incidents, hasMore },
  chosen,
  history,
  size: { columns, rows },
}: {
  seen: Seen;
  chosen: number;
  history: ReadonlyMap<string, readonly number[]>;
  size: { columns: number; rows: number };
}): ReactElement {
  const isHigh = rows >= HIGH_ROWS;
  const most = Math.min(incidents.length, isHigh ? MANY : FEW);
  const firstIncident = Math.min(Math.max(0, chosen - most + 1), incidents.length - most);
  const place = chosen - incidents.length;
  // A low screen has room for a host's figures or for what is unusual.
  const gaugesOf = overview.hosts[isHigh ? Math.max(0, place) : place];
  const left =
    rows - 4 - most - (isHigh || gaugesOf !== undefined ? 6 : 0) - (isHigh ? 11 : gaugesOf === undefined ? 8 : 4);
  const listed = Math.max(1, Math.min(overview.hosts.length, left));
  const firstHost = Math.min(Math.max(0, place - listed + 1), Math.max(0, overview.hosts.length - listed));
  const count = `${incidents.length}${hasMore ? ' and more' : ''}`;
  return (
    <>
      <Text bold wrap="truncate-end">
        {overview.sentence}
      </Text>
      <IncidentLines
        incidents={incidents.slice(firstIncident, firstIncident + most)}
        total={incidents.length === 0 ? 'NO INCIDENT IS OPEN' : `INCIDENTS ${count} open`}
        selected={chosen}
        from={firstIncident}
        at={Date.parse(overview.at)}
      />
      <Text
        dimColor
      >{` ${'HOST'.padEnd(18)}${'STATE'.padEnd(12)}${'HEALTH'.padEnd(8)}${'CPU'.padEnd(7)}${'MEMORY'.padEnd(8)}${'DISK'.padEnd(7)}CPU LATELY`}</Text>
      {overview.hosts.slice(firstHost, firstHost + listed).map((h, i) => (
        <HostLine
          key={h.id}
          host={h}
          selected={firstHost + i === place}
          cpu={history.get(h.id) ?? []}
          width={columns - 62}
        />
      ))}
      {gaugesOf && <Gauges host={gaugesOf} />}
      <Section
        title="UNUSUAL"
        empty="Nothing."
        lines={overview.anomalies
          .slice(0, isHigh ? 4 : gaugesOf === undefined ? 3 : 1)
          .map((a) => ({ mark: MARKS[a.severity], color: COLORS[a.severity], text: a.summary }))}
      />
      {(isHigh || gaugesOf === undefined) && (
        <Section
          title="WHAT COMES NEXT"
          empty={
            overview.learning === null ? 'Nothing that needs you.' : 'Nothing can be foreseen before enough is learnt.'
          }
          lines={overview.outlook
            .slice(0, isHigh ? 3 : 1)
            .map((o) => ({ mark: MARKS[o.severity], color: COLORS[o.severity], text: o.sentence }))}
        />
      )}
    </>
  );
}

function HostLine({
  host,
  selected,
  cpu,
  width,
}: {
  host: Host;
  selected: boolean;
  cpu: readonly number[];
  width: number;
}): ReactElement {
  const gauge = (name: string): string => {
    const found = host.gauges.find((g) => g.name === name);
    return formatValue(found?.value ?? null, found?.unit ?? '');
  };
  return (
    <Text wrap="truncate-end" inverse={selected}>
      {` ${host.name.slice(0, 17).padEnd(18)}`}
      <Text {...colored(STATE_COLORS[host.state])}>{STATES[host.state].padEnd(12)}</Text>
      {`${(host.health === null ? '–' : String(Math.round(host.health))).padEnd(8)}${gauge('cpu').padEnd(7)}${gauge('memory').padEnd(8)}${gauge('disk').padEnd(7)}`}
      {sparkline(cpu, Math.max(8, width))}
    </Text>
  );
}

function Gauges({ host }: { host: Host }): ReactElement {
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text dimColor>{host.name}</Text>
      <Box flexWrap="wrap">
        {host.gauges.map((g) => (
          <Box key={g.name} width={26}>
            <Text {...(g.unusual ? colored('yellow') : {})} wrap="truncate-end">
              {`${g.unusual ? '▲ ' : ''}${g.label} ${formatValue(g.value, g.unit)}${g.upper === null ? '' : ` ≤${formatValue(g.upper, g.unit)}`}`}
            </Text>
          </Box>
        ))}
      </Box>
    </Box>
  );
}

function Section({
  title,
  empty,
  lines,
}: {
  title: string;
  empty: string;
  lines: readonly { mark: string; color: string; text: string }[];
}): ReactElement {
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text dimColor>{title}</Text>
      {lines.length === 0 && <Text>{`  ${empty}`}</Text>}
      {lines.map((line) => (
        <Text key={line.text} wrap="truncate-end">
          <Text {...colored(line.color)}>{` ${line.mark} `}</Text>
          {line.text}
        </Text>
      ))}
    </Box>
  );
}

function grown(
  before: ReadonlyMap<string, readonly number[]>,
  overview: Overview,
): ReadonlyMap<string, readonly number[]> {
  return new Map(
    overview.hosts.map((host) => {
      const cpu = host.gauges.find((g) => g.name === 'cpu')?.value ?? Number.NaN;
      return [host.id, [...(before.get(host.id) ?? []).slice(1 - HISTORY), cpu]];
    }),
  );
}
