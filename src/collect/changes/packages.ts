import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeenChange } from '../../model/index.ts';
import { type TailPlace, readTail } from './log-tail.ts';
import { parseApkInstalled, parseDnf, parseDpkg, type ParseLine, parsePacman } from './package-log.ts';

const LOGS: readonly (readonly [path: string, parse: ParseLine])[] = [
  ['var/log/dpkg.log', parseDpkg],
  ['var/log/dnf.rpm.log', parseDnf],
  ['var/log/pacman.log', parsePacman],
];
const APK = 'lib/apk/db/installed';
/** What lies further back is no news at the first start. */
const PAST_MS = 86_400_000;
/** So many of one moment are told one by one; more are one change that names the first. */
const MOST_NAMED = 20;
const NAMES_OF_MANY = 3;
/** What follows within this is one run of the package manager. */
const SAME_RUN_MS = 120_000;

export interface PackageState {
  readonly places: Readonly<Record<string, TailPlace>>;
  /** Of apk: what was installed; null where there is none. */
  readonly apk: Readonly<Record<string, string>> | null;
}

export const noPackages: PackageState = { places: {}, apk: null };

/** Installed, upgraded and removed packages, from the logs of dpkg, dnf and pacman, and from apk’s list. */
export async function readPackages(
  root: string,
  state: PackageState,
  now: number,
): Promise<{ readonly changes: readonly SeenChange[]; readonly state: PackageState }> {
  const places: Record<string, TailPlace> = { ...state.places };
  const found: SeenChange[] = [];
  for (const [path, parse] of LOGS) {
    const read = await readTail(join(root, path), state.places[path] ?? null);
    if (read === null) continue;
    places[path] = read.place;
    for (const line of read.lines) {
      const one = parse(line);
      if (one !== null && one.at > now - PAST_MS) found.push(seen(one));
    }
  }
  const apk = await readApk(join(root, APK));
  if (apk !== null && state.apk !== null) found.push(...differences(state.apk, apk));
  return {
    changes: inRuns(found),
    state: { places, apk: apk === null ? state.apk : Object.fromEntries(apk.versions) },
  };
}

function seen(one: Pick<SeenChange, 'at' | 'what' | 'from' | 'to'>): SeenChange {
  return { ...one, kind: 'package', by: null, source: 'packages' };
}

async function readApk(
  path: string,
): Promise<{ readonly versions: ReadonlyMap<string, string>; readonly at: number } | null> {
  try {
    const { mtimeMs } = await stat(path);
    return { versions: parseApkInstalled(await readFile(path, 'utf8')), at: Math.round(mtimeMs) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function differences(
  before: Readonly<Record<string, string>>,
  { versions, at }: { readonly versions: ReadonlyMap<string, string>; readonly at: number },
): SeenChange[] {
  const names = new Set([...Object.keys(before), ...versions.keys()]);
  return [...names].flatMap((what) => {
    const from = before[what] ?? null;
    const to = versions.get(what) ?? null;
    return from === to ? [] : [seen({ at, what, from, to })];
  });
}

/** An upgrade of a whole system is one change, not a thousand. */
function inRuns(found: readonly SeenChange[]): SeenChange[] {
  const runs: SeenChange[][] = [];
  for (const one of found) {
    const run = runs.at(-1);
    if (run !== undefined && one.at - (run.at(-1)?.at ?? 0) <= SAME_RUN_MS) run.push(one);
    else runs.push([one]);
  }
  return runs.flatMap((run) => {
    const [first] = run;
    if (first === undefined || run.length <= MOST_NAMED) return run;
    const names = run.slice(0, NAMES_OF_MANY).map(({ what, to }) => (to === null ? what : `${what} ${to}`));
    const what = `${run.length} packages (${names.join(', ')} and ${run.length - names.length} more)`;
    return [{ ...first, what, from: null, to: null }];
  });
}
