import type { ArmSummary, Group, Share } from '../score/summary.ts';

/** The summaries for a terminal: one table of scenarios, one of figures, arms beside one another. */
export function textReport(arms: readonly ArmSummary[]): string {
  const lines = [...scenarioTable(arms), '', ...figureTable(arms)];
  for (const arm of arms)
    for (const { scenario, seed, reason } of arm.broken)
      lines.push(`NOT COUNTED: ${scenario} (${arm.arm}, seed ${seed}): ${reason}`);
  return `${lines.join('\n')}\n`;
}

export function formatShare(share: Share): string {
  if (share.of === 0) return '–';
  const percent = (value: number): string => `${Math.round(100 * value)}`;
  return `${share.hits}/${share.of} (${percent(share.from)}–${percent(share.to)} %), by scenario ${percent(share.mean ?? 0)} %`;
}

export function formatSeconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

function scenarioTable(arms: readonly ArmSummary[]): string[] {
  const names = [...new Set(arms.flatMap((arm) => arm.scenarios.map(({ scenario }) => scenario)))].sort();
  const head = [
    'scenario',
    ...arms.flatMap(({ arm }) => [arm, 'found', 'after', 'paged', 'served again', 'after', 'failed']),
  ];
  const rows = names.map((name) => [
    name,
    ...arms.flatMap((arm) => {
      const one = arm.scenarios.find(({ scenario }) => scenario === name);
      if (one === undefined) return ['', '', '', '', '', '', ''];
      return [
        `${one.runs} run${one.runs === 1 ? '' : 's'}`,
        one.isHarmless ? `${one.findings} needless` : `${one.detected}/${one.runs}`,
        formatSeconds(one.medianDetectedMs),
        one.isHarmless ? `${one.pages} needless` : `${one.paged}/${one.runs}`,
        one.seen === 0 ? 'users saw nothing' : `${one.recovered}/${one.seen}`,
        formatSeconds(one.medianRecoveredMs),
        `${(100 * one.harm).toFixed(0)} %`,
      ];
    }),
  ]);
  return align([head, ...rows]);
}

/** The figures of a group in words, with how each is written. */
export function figuresOf(group: Group): readonly (readonly [string, string])[] {
  return [
    ['faults found', formatShare(group.detected)],
    [
      'time to find, hard / slow (medians)',
      `${formatSeconds(group.medianHardMs)} / ${formatSeconds(group.medianSlowMs)}`,
    ],
    ['paged', formatShare(group.paged)],
    ['one incident a fault', formatShare(group.oneIncident)],
    ['class right', formatShare(group.class)],
    ['severity right', formatShare(group.severity)],
    ['culprit first', formatShare(group.culpritFirst)],
    ['culprit among three', formatShare(group.culpritInThree)],
    ['foreseen, how early', `${formatShare(group.foreseen)}, ${formatSeconds(group.medianForeseenMs)}`],
    ['served again before the undo', `${formatShare(group.recovered)}, ${formatSeconds(group.medianRecoveredMs)}`],
    ['requests that failed', `${(100 * group.harm).toFixed(1)} %`],
  ];
}

function figureTable(arms: readonly ArmSummary[]): string[] {
  const rows: string[][] = [['', ...arms.map(({ arm }) => arm)]];
  const add = (title: string, group: (arm: ArmSummary) => Group): void => {
    const columns = arms.map((arm) => figuresOf(group(arm)));
    rows.push([title, ...arms.map(() => '')]);
    columns[0]?.forEach(([name], i) => rows.push([`  ${name}`, ...columns.map((column) => column[i]?.[1] ?? '')]));
  };
  add('faults', (arm) => arm.faults);
  if (arms.some((arm) => arm.exam.detected.of > 0)) add('exam', (arm) => arm.exam);
  rows.push(['harmless', ...arms.map(() => '')]);
  rows.push([
    '  needless pages, findings',
    ...arms.map(({ harmless }) => `${harmless.pages}, ${harmless.findings} in ${harmless.runs} runs`),
  ]);
  return align(rows);
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, c) => cell.padEnd(widths[c] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
