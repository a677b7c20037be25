import { Box, render, Text, useApp, useInput, useWindowSize } from 'ink';
import { type ReactElement, useEffect, useState } from 'react';
import type { Client } from '../../api/client.ts';
import type { Overview } from '../../api/contract/index.ts';
import { AuspexError, errorTable } from '../../errors.ts';
import { formatValue } from '../../model/index.ts';
import { formatTime, sparkline } from '../output.ts';

type Host = Overview['hosts'][number];
const HISTORY = 60;
const MARKS = { none: '·', medium: '▲', high: '◆', critical: '■' } as const;
const COLORS = { none: 'gray', medium: 'blue', high: 'yellow', critical: 'red' } as const;
const STATES = {
  ok: '· well',
  learning: '○ learning',
  unusual: '▲ unusual',
  alerting: '■ alerting',
  stale: '× silent',
} as const;
const STATE_COLORS = { ok: 'green', learning: 'gray', unusual: 'yellow', alerting: 'red', stale: 'magenta' } as const;

/** The live view in a terminal, from 80×24 on: the sentence, the hosts, what is unusual, what comes next. */
export async function terminalDashboard(client: Client, options: { refreshMs: number }): Promise<number> {
  const { waitUntilExit } = render(<Dashboard client={client} refreshMs={options.refreshMs} />, {
    alternateScreen: true,
  });
  await waitUntilExit();
  return 0;
}

function Dashboard({ client, refreshMs }: { client: Client; refreshMs: number }): ReactElement {
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const [overview, setOverview] = useState<Overview | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [history, setHistory] = useState<ReadonlyMap<string, readonly number[]>>(new Map());
  const [selected, setSelected] = useState(0);

  useEffect(() => {
    let stopped = false;
    let timer: NodeJS.Timeout | undefined;
    const read = async (): Promise<void> => {
      try {
        const next = await client.call('overview', {});
        if (stopped) return;
        setOverview(next);
        setProblem(null);
        setHistory((before) => grown(before, next));
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
  }, [client, refreshMs]);

  useInput((input, key) => {
    if (input === 'q' || key.escape || (key.ctrl && input === 'c')) exit();
    if (input === 'j' || key.downArrow) setSelected((n) => Math.min(n + 1, (overview?.hosts.length ?? 1) - 1));
    if (input === 'k' || key.upArrow) setSelected((n) => Math.max(0, n - 1));
  });

  if (overview === null) return <Text>{problem ?? 'Asking Auspex …'}</Text>;
  const listed = Math.max(3, Math.min(overview.hosts.length, rows - 16));
  const from = Math.min(Math.max(0, selected - listed + 1), Math.max(0, overview.hosts.length - listed));
  const host = overview.hosts[selected];
  return (
    <Box flexDirection="column" width={columns} height={rows - 1}>
      <Text bold wrap="truncate-end">
        {overview.sentence}
      </Text>
      <Text
        dimColor
      >{` ${'HOST'.padEnd(18)}${'STATE'.padEnd(12)}${'HEALTH'.padEnd(8)}${'CPU'.padEnd(7)}${'MEMORY'.padEnd(8)}${'DISK'.padEnd(7)}CPU LATELY`}</Text>
      {overview.hosts.slice(from, from + listed).map((h, i) => (
        <HostLine
          key={h.id}
          host={h}
          selected={from + i === selected}
          cpu={history.get(h.id) ?? []}
          width={columns - 62}
        />
      ))}
      {host && <Gauges host={host} />}
      <Section
        title="UNUSUAL"
        empty="Nothing."
        lines={overview.anomalies
          .slice(0, 4)
          .map((a) => ({ mark: MARKS[a.severity], color: COLORS[a.severity], text: a.summary }))}
      />
      <Section
        title="WHAT COMES NEXT"
        empty={
          overview.learning === null ? 'Nothing that needs you.' : 'Nothing can be foreseen before enough is learnt.'
        }
        lines={overview.outlook
          .slice(0, 3)
          .map((o) => ({ mark: MARKS[o.severity], color: COLORS[o.severity], text: o.sentence }))}
      />
      <Box flexGrow={1} />
      <Text dimColor wrap="truncate-end">
        {problem === null
          ? `live ${formatTime(overview.at)} · ${overview.trackRecord.sentence} · j/k choose · q quit`
          : `not reached since ${formatTime(overview.at)}: ${problem}`}
      </Text>
    </Box>
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
      <Text color={STATE_COLORS[host.state]}>{STATES[host.state].padEnd(12)}</Text>
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
            <Text {...(g.unusual ? { color: 'yellow' } : {})} wrap="truncate-end">
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
          <Text color={line.color}>{` ${line.mark} `}</Text>
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
