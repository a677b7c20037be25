import type { ArmSummary, Group, Share } from '../score/summary.ts';

/** The summaries for a terminal: one table of scenarios, one of figures, arms beside one another. */
export function textReport(arms: readonly ArmSummary[]): string {
  const lines = [...align(scenarioRows(arms)), '', ...align(figureRows(arms))];
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

/** Whether somebody on watch can say anything at all. */
function speaks({ arm }: ArmSummary): boolean {
  return arm === 'auspex';
}

/** A row a scenario, under a head; each arm has its columns. */
export function scenarioRows(arms: readonly ArmSummary[]): string[][] {
  const names = [...new Set(arms.flatMap((arm) => arm.scenarios.map(({ scenario }) => scenario)))].sort();
  const said = ['found', 'after', 'paged'];
  const head = arms.flatMap((arm) => [arm.arm, ...(speaks(arm) ? said : []), 'served again', 'after', 'failed']);
  return [['scenario', ...head], ...names.map((name) => [name, ...arms.flatMap((arm) => scenarioCells(arm, name))])];
}

function scenarioCells(arm: ArmSummary, name: string): string[] {
  const one = arm.scenarios.find(({ scenario }) => scenario === name);
  if (one === undefined) return Array.from({ length: speaks(arm) ? 7 : 4 }, () => '');
  const said = [
    one.isHarmless ? `${one.findings} needless` : `${one.detected}/${one.runs}`,
    formatSeconds(one.medianDetectedMs),
    one.isHarmless ? `${one.pages} needless` : `${one.paged}/${one.runs}`,
  ];
  return [
    `${one.runs} run${one.runs === 1 ? '' : 's'}`,
    ...(speaks(arm) ? said : []),
    one.seen === 0 ? 'unseen' : `${one.recovered}/${one.seen}`,
    formatSeconds(one.medianRecoveredMs),
    `${(100 * one.harm).toFixed(0)} %`,
  ];
}

/** A row a figure, an arm a column, under a head; a row with a name alone is a title. */
export function figureRows(arms: readonly ArmSummary[]): string[][] {
  const rows: string[][] = [['', ...arms.map(({ arm }) => arm)]];
  const add = (title: string, group: (arm: ArmSummary) => Group): void => {
    rows.push([title]);
    for (const [name, isSaid, write] of FIGURES)
      rows.push([`  ${name}`, ...arms.map((arm) => (isSaid && !speaks(arm) ? '–' : write(group(arm))))]);
  };
  add('faults', (arm) => arm.faults);
  if (arms.some((arm) => arm.exam.detected.of > 0)) add('exam', (arm) => arm.exam);
  if (arms.some(speaks)) rows.push(['harmless']);
  const needless = (arm: ArmSummary): string =>
    speaks(arm) ? `${arm.harmless.pages}, ${arm.harmless.findings} in ${arm.harmless.runs} runs` : '–';
  rows.push(['  needless pages, findings', ...arms.map(needless)]);
  // What no arm has a figure of is left out.
  return rows.filter((cells) => cells.length === 1 || cells.slice(1).some((cell) => cell !== '–'));
}

/** Each figure of a group: its name, whether it is about what was said, and how it is written. */
const FIGURES: readonly (readonly [string, boolean, (group: Group) => string])[] = [
  ['found', true, (of) => formatShare(of.detected)],
  [
    '  after, hard / slow (medians)',
    true,
    (of) => `${formatSeconds(of.medianHardMs)} / ${formatSeconds(of.medianSlowMs)}`,
  ],
  ['paged', true, (of) => formatShare(of.paged)],
  ['one incident a fault', true, (of) => formatShare(of.oneIncident)],
  ['class right', true, (of) => formatShare(of.class)],
  ['severity right', true, (of) => formatShare(of.severity)],
  ['culprit first', true, (of) => formatShare(of.culpritFirst)],
  ['culprit among three', true, (of) => formatShare(of.culpritInThree)],
  ['foreseen', true, (of) => formatShare(of.foreseen)],
  ['  how early (median)', true, (of) => formatSeconds(of.medianForeseenMs)],
  ['served again before the undo', false, (of) => formatShare(of.recovered)],
  ['  after (median)', false, (of) => formatSeconds(of.medianRecoveredMs)],
  ['requests that failed', false, (of) => `${(100 * of.harm).toFixed(1)} %`],
];

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, c) => cell.padEnd(widths[c] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
