import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import type { ArmName } from './contract.ts';

export const USAGE = `npm run gameday -- [scenario …] [options]

  scenario             a number (7; 29 for all harmless ones), an id (07-full-disk) or a name (full-disk);
                       without any: all but the exam
  --arm NAME           none (nobody on watch), restart (a process supervisor) or auspex; default none
  --seed N             of the load and the probe; default 1
  --times N            how often each scenario runs; default 1, in a library 3 and harmless ones 8
  --out DIR            where the records go; default gameday-results
  --fault-seconds N    how long a fault lasts; default 90
  --warm-minutes N     how long Auspex learns before its first run; default 20, kept in DIR/warm
  --library DIR        record what a library in DIR still lacks of the scenarios, with Auspex on watch; --out has its warm state
  --quiet-minutes N    record nothing but N minutes of ordinary days, each pressed into an hour, into the library
  --ramps N            instead of faults: load, connections, memory, disk and inodes run short slowly, in N minutes each;
                       says what was foreseen of it, and how long before users noticed
  --replay DIR         replay the recordings of a folder through Auspex as it is now, and judge it
  --report             judge the runs of DIR again; no run is made
  --with-exam          with the scenarios of the exam, when none is named
  --verify             only look that each scenario injects, shows, and is undone to a healthy stack
  --list               name the scenarios, and which cannot run here
  --help               this
`;

export interface GamedayOptions {
  readonly scenarios: readonly string[];
  readonly arm: ArmName;
  readonly seed: number;
  /** Null: as usual. */
  readonly times: number | null;
  readonly out: string;
  readonly faultSeconds: number;
  readonly warmMinutes: number;
  /** A folder that recordings are put into; null where none are. */
  readonly library: string | null;
  /** Above 0, no scenario runs. */
  readonly quietMinutes: number;
  /** Above 0, ramps of so many minutes run instead of scenarios. */
  readonly rampMinutes: number;
  /** A folder of recordings; null where real runs are asked for. */
  readonly replay: string | null;
  readonly isReport: boolean;
  readonly withExam: boolean;
  readonly isVerify: boolean;
  readonly isList: boolean;
  readonly isHelp: boolean;
}

const armNames: readonly ArmName[] = ['none', 'restart', 'auspex'];

/** Reads the words of the command line. @throws Error that says which word is wrong. */
export function readOptions(words: readonly string[]): GamedayOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      arm: { type: 'string' },
      seed: { type: 'string', default: '1' },
      times: { type: 'string' },
      out: { type: 'string', default: 'gameday-results' },
      'fault-seconds': { type: 'string', default: '90' },
      'warm-minutes': { type: 'string', default: '20' },
      library: { type: 'string' },
      'quiet-minutes': { type: 'string' },
      ramps: { type: 'string' },
      replay: { type: 'string' },
      report: { type: 'boolean', default: false },
      'with-exam': { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  // A library holds what Auspex was given.
  const isWatched = values.library !== undefined || values.ramps !== undefined;
  const named = values.arm ?? (isWatched ? 'auspex' : 'none');
  const arm = armNames.find((name) => name === named);
  if (arm === undefined) throw new Error(`--arm is ${armNames.join(', ')}, not "${named}".`);
  if (values.library !== undefined && arm !== 'auspex')
    throw new Error(`--library records what Auspex is given: --arm is auspex then, not "${arm}".`);
  if (values.ramps !== undefined && values.library !== undefined)
    throw new Error('--ramps are not recorded: leave --library out.');
  if (values['quiet-minutes'] !== undefined && values.library === undefined)
    throw new Error('--quiet-minutes records into a library: say which by --library DIR.');
  return {
    scenarios: positionals,
    arm,
    seed: whole('seed', values.seed, 0, 2 ** 31),
    times: values.times === undefined ? null : whole('times', values.times, 1, 1000),
    out: values.out,
    // A run is over within 150 s.
    faultSeconds: whole('fault-seconds', values['fault-seconds'], 5, 100),
    warmMinutes: whole('warm-minutes', values['warm-minutes'], 1, 1440),
    library: values.library === undefined ? null : resolve(values.library),
    quietMinutes: values['quiet-minutes'] === undefined ? 0 : whole('quiet-minutes', values['quiet-minutes'], 5, 1440),
    rampMinutes: values.ramps === undefined ? 0 : whole('ramps', values.ramps, 5, 120),
    replay: values.replay ?? null,
    isReport: values.report,
    withExam: values['with-exam'],
    isVerify: values.verify,
    isList: values.list,
    isHelp: values.help,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} is a whole number from ${least} to ${most}, not "${text}".`);
}
