import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuspexError } from '../../src/errors.ts';
import type { RunRecord, Told } from '../contract.ts';
import { decodeRecording, type Recording } from './recording.ts';
import { rerun, replayRecording, warmUp } from './replay.ts';

const HOUR = 3_600_000;
/** Hours of a mean month. */
const MONTH_HOURS = 730.5;
const WARM = 'warm.recording';

export interface LibraryOutcome {
  /** Each recorded run as Auspex would have spoken today. */
  readonly runs: readonly RunRecord[];
  /** Hours in which nothing was wrong. */
  readonly quiet: { readonly hours: number; readonly findings: number; readonly pages: number };
}

/** Needless pages that a month of such hours would have. */
export function pagesAMonth({ quiet }: LibraryOutcome): number | null {
  return quiet.hours === 0 ? null : (quiet.pages / quiet.hours) * MONTH_HOURS;
}

/**
 * Replays a folder of recordings, each from the warm state of the folder's `warm.recording`; a second or less each.
 * @throws AuspexError NOT_FOUND without a warm recording, BAD_REQUEST for a damaged one.
 */
export async function replayLibrary(folder: string, onRun: (run: RunRecord) => void): Promise<LibraryOutcome> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.recording'));
  if (!names.includes(WARM))
    throw new AuspexError('NOT_FOUND', `There is no ${WARM} in ${folder}: it says what was normal before the runs.`);
  const read = (name: string): Recording => decodeRecording(readFileSync(join(folder, name)), name);
  const warm = await warmUp(read(WARM));
  const runs: RunRecord[] = [];
  const quiet = { hours: 0, findings: 0, pages: 0 };
  try {
    for (const name of names.filter((one) => one !== WARM).sort()) {
      const recording = read(name);
      if (recording.kind === 'run') {
        const run = await rerun(recording, warm);
        runs.push(run);
        onRun(run);
      } else {
        const told = await replayRecording(recording, warm);
        const count = (kind: Told['kind']): number => told.filter((one) => one.kind === kind).length;
        quiet.hours += (recording.to - recording.from) / HOUR;
        quiet.findings += count('finding');
        quiet.pages += count('page');
      }
    }
  } finally {
    await warm.remove();
  }
  return { runs, quiet };
}
