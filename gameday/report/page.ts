import type { ProbeSecond, RunRecord } from '../contract.ts';
import type { ArmSummary } from '../score/summary.ts';
import { figuresOf, formatSeconds } from './text.ts';

/** The result as one page that needs nothing else: figures by arm, then every run second by second. */
export function pageReport(arms: readonly ArmSummary[], runs: readonly RunRecord[], madeOn: string): string {
  const counted = runs.filter((run) => run.broken === null);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gameday</title><style>${STYLE}</style></head><body>
<h1>${escape(sentence(arms))}</h1>
<p>${escape(madeOn)}. A fault counts as found when anything was said of it while it lasted; all is judged by a probe that asks from outside every second.</p>
${arms.map(figures).join('\n')}
<h2>Runs</h2>
<p class="key"><i class="right"></i> all right <i class="slow"></i> above 1 s <i class="part"></i> some failed <i class="all"></i> all failed · ▲ finding ● page · the frame is the fault</p>
<div class="scroll"><table><thead><tr><th>scenario<th>arm<th>seed<th>second by second<th>said</thead><tbody>
${counted.map(row).join('\n')}
</tbody></table></div>
${broken(arms)}
</body></html>
`;
}

const STYLE = `:root{color-scheme:light dark;--ground:#fff;--text:#1a2129;--quiet:#5b6672;--line:#d8dee4;--right:#8fb5a3;--slow:#d9b44a;--part:#d97b29;--all:#b3261e}
@media (prefers-color-scheme:dark){:root{--ground:#12171c;--text:#e3e8ec;--quiet:#97a3ae;--line:#2c353d;--right:#3f6b58;--slow:#a8872c;--part:#c46a1f;--all:#d9534a}}
body{margin:24px auto;max-width:1200px;padding:0 16px;background:var(--ground);color:var(--text);font:14px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:20px;line-height:1.35}h2{font-size:16px;margin-top:32px}p{color:var(--quiet)}
table{border-collapse:collapse}th,td{text-align:left;padding:4px 16px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--quiet);font-weight:500}
.scroll{overflow-x:auto}.key i{display:inline-block;width:12px;height:12px;margin-left:12px;vertical-align:-1px}
.right{background:var(--right);fill:var(--right)}.slow{background:var(--slow);fill:var(--slow)}.part{background:var(--part);fill:var(--part)}.all{background:var(--all);fill:var(--all)}
svg{display:block}svg .fault{fill:none;stroke:var(--text)}svg text{fill:var(--text);font-size:9px}.said{max-width:420px;color:var(--quiet)}`;

function sentence(arms: readonly ArmSummary[]): string {
  return arms
    .map(({ arm, faults, harmless }) => {
      const { hits, of } = faults.detected;
      const found = arm === 'auspex' ? `found ${hits} of ${of} faults, ` : '';
      const again = `${faults.recovered.hits} of ${faults.recovered.of} served again by themselves`;
      return `${arm}: ${found}${again}${harmless.runs === 0 ? '' : `, ${harmless.pages} needless pages in ${harmless.runs} harmless runs`}`;
    })
    .join('. ');
}

function figures(arm: ArmSummary): string {
  const table = (title: string, rows: readonly (readonly [string, string])[]): string =>
    `<h2>${escape(title)}</h2><div class="scroll"><table>${rows.map(([name, value]) => `<tr><th>${escape(name)}<td>${escape(value)}`).join('')}</table></div>`;
  const exam = arm.exam.detected.of === 0 ? '' : table(`${arm.arm}: exam`, figuresOf(arm.exam));
  return table(`${arm.arm}: faults`, figuresOf(arm.faults)) + exam;
}

function row(run: RunRecord): string {
  const said = run.told
    .filter(({ at }) => at >= run.injectedAt)
    .slice(0, 6)
    .map((told) => `${formatSeconds(told.at - run.injectedAt)}: ${told.summary}`);
  return `<tr><td>${escape(run.scenario)}<td>${run.arm}<td>${run.seed}<td>${strip(run)}<td class="said">${said.map(escape).join('<br>')}`;
}

const WIDTH = 3;
const HEIGHT = 14;

function strip(run: RunRecord): string {
  const x = (at: number): number => Math.round(((at - run.startedAt) / 1000) * WIDTH * 10) / 10;
  const width = x(run.endedAt) + WIDTH;
  const bars = run.probe.map(
    (second) => `<rect class="${colour(second)}" x="${x(second.at)}" y="12" width="${WIDTH}" height="${HEIGHT}"/>`,
  );
  const marks = run.told
    .filter(({ at }) => at >= run.startedAt && at <= run.endedAt)
    .map((told) => `<text x="${x(told.at)}" y="9" text-anchor="middle">${told.kind === 'page' ? '●' : '▲'}</text>`);
  const frame = `<rect class="fault" x="${x(run.injectedAt)}" y="11.5" width="${x(run.undoneAt) - x(run.injectedAt)}" height="${HEIGHT + 1}"/>`;
  const label = `${run.scenario}, ${run.arm}: ${run.probe.filter((one) => one.wrong + one.lost > 0).length} of ${run.probe.length} seconds with failures`;
  return `<svg role="img" aria-label="${escape(label)}" width="${width}" height="28">${bars.join('')}${frame}${marks.join('')}</svg>`;
}

function colour({ sent, wrong, lost, slowestMs }: ProbeSecond): string {
  if (wrong + lost === 0) return (slowestMs ?? 0) > 1000 ? 'slow' : 'right';
  return wrong + lost >= sent ? 'all' : 'part';
}

function broken(arms: readonly ArmSummary[]): string {
  const rows = arms.flatMap((arm) =>
    arm.broken.map((one) => `<tr><td>${escape(one.scenario)}<td>${arm.arm}<td>${one.seed}<td>${escape(one.reason)}`),
  );
  return rows.length === 0
    ? ''
    : `<h2>Not counted</h2><table><tr><th>scenario<th>arm<th>seed<th>why${rows.join('')}</table>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);
}
