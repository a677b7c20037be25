import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../contract.ts';
import { type ArmSummary, summarize } from '../score/summary.ts';
import { pageReport } from './page.ts';
import { textReport } from './text.ts';

/** Writes `result.json` and `report.html` into the folder; gives the summaries and the text for the terminal. */
export function writeReport(
  folder: string,
  runs: readonly RunRecord[],
): { readonly arms: readonly ArmSummary[]; readonly text: string } {
  const arms = [...new Set(runs.map(({ arm }) => arm))].map((arm) => summarize(arm, runs));
  const madeOn = `Made on ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify({ madeOn, arms }, null, 2)}\n`);
  writeFileSync(join(folder, 'report.html'), pageReport(arms, runs, madeOn));
  return { arms, text: textReport(arms) };
}
