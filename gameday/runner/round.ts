import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { arms } from '../arms/arms.ts';
import type { ArmMaker } from '../arms/arm.ts';
import type { RunRecord, Told } from '../contract.ts';
import type { LoadShape } from '../load/shapes.ts';
import type { GamedayOptions } from '../options.ts';
import { STEADY, STEADY_RATE } from '../probe/outside.ts';
import { unrest } from '../probe/sights.ts';
import { rampScenarios } from '../scenarios/ramps.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { judge } from '../score/judge.ts';
import { pause } from '../stack/execute.ts';
import type { Stack } from '../stack/stack.ts';
import { WARM_RECORDING } from '../recording/replay-library.ts';
import { Ground } from './ground.ts';
import { BASELINE_MS, oneRun, RECOVERY_MS } from './one-run.ts';
import { type Verification, verify } from './verify.ts';

/** How often a scenario is in a library: together with what is harmless in many ways. */
const RECORDED_FAULTS = 3;
const RECORDED_HARMLESS = 8;
/** An ordinary day in an hour: from a quarter to seven quarters of the mean. */
const ORDINARY_DAY: LoadShape = { shape: 'daily', rate: STEADY_RATE, periodSeconds: 3600 };
const QUIET_PIECE_MINUTES = 30;
const MINUTE_MS = 60_000;
const RAMP_REST_MINUTES = 2;
/** A warning is over ten minutes after what it warned of: the next ramp is another one. */
const RAMP_PAUSE_MS = 15 * MINUTE_MS;

/** Runs scenarios one after another on one stack, which is made anew when it is not healthy after a run. */
export class Round {
  readonly #options: GamedayOptions;
  #maker: ArmMaker | null = null;
  #ground: Ground | null = null;
  #stack: Stack | null = null;
  #closing = Promise.resolve();
  #isOver = false;

  constructor(options: GamedayOptions) {
    this.#options = options;
  }

  /** Each scenario as often as asked; resolves with the runs that do not count. */
  async run(scenarios: readonly Scenario[]): Promise<RunRecord[]> {
    const { seed, faultSeconds, out } = this.#options;
    mkdirSync(out, { recursive: true });
    const timing = { baseline: BASELINE_MS, fault: faultSeconds * 1000, recovery: RECOVERY_MS };
    const broken: RunRecord[] = [];
    for (let time = 0; time < Math.max(...scenarios.map((one) => this.#timesOf(one))); time++) {
      for (const scenario of scenarios.filter((one) => time < this.#timesOf(one))) {
        const recording = this.#recordingOf(`${scenario.id}-${seed + time}`);
        if (recording !== null && existsSync(recording)) continue;
        const ground = await this.#ready();
        const record = await oneRun(scenario, ground, seed + time, timing);
        writeFileSync(join(out, `${record.arm}.${record.scenario}.${record.seed}.json`), `${JSON.stringify(record)}\n`);
        if (recording !== null && record.broken === null) await ground.arm.keep?.(recording, record);
        console.log(runLine(record));
        if (record.broken !== null) broken.push(record);
        if (record.broken !== null || record.healthyAt === null) await this.close();
      }
    }
    return broken;
  }

  /** Lets things run short slowly, one after another; resolves with the runs that do not count. */
  async ramps(minutes: number): Promise<RunRecord[]> {
    const { seed, out, times, scenarios } = this.#options;
    mkdirSync(out, { recursive: true });
    // What users notice comes at the end of a ramp: some time is left behind it.
    const timing = { baseline: BASELINE_MS, fault: (minutes + RAMP_REST_MINUTES) * MINUTE_MS, recovery: RECOVERY_MS };
    const those = rampScenarios(minutes).filter(
      ({ id }) => scenarios.length === 0 || scenarios.some((one) => id.includes(one)),
    );
    const broken: RunRecord[] = [];
    for (let time = 0; time < (times ?? 1); time++) {
      for (const scenario of those) {
        if (time > 0 || scenario !== those[0]) await pause(RAMP_PAUSE_MS);
        const record = await oneRun(scenario, await this.#ready(), seed + time, timing);
        writeFileSync(join(out, `ramp.${record.scenario}.${record.seed}.json`), `${JSON.stringify(record)}\n`);
        console.log(rampLine(record));
        if (record.broken !== null) broken.push(record);
        if (record.broken !== null || record.healthyAt === null) await this.close();
      }
    }
    return broken;
  }

  /** Records ordinary days in which nothing is done, in pieces; resolves with how many were not quiet and do not count. */
  async quiet(): Promise<number> {
    let broken = 0;
    for (let piece = 1; (piece - 1) * QUIET_PIECE_MINUTES < this.#options.quietMinutes; piece++) {
      const recording = this.#recordingOf(`quiet-${piece}`);
      if (recording === null || existsSync(recording)) continue;
      const { arm, outside } = await this.#ready(ORDINARY_DAY);
      const from = Date.now();
      const minutes = Math.min(QUIET_PIECE_MINUTES, this.#options.quietMinutes - (piece - 1) * QUIET_PIECE_MINUTES);
      for (const end = from + minutes * MINUTE_MS; Date.now() < end && outside.fault() === null; )
        await pause(Math.min(1_000, Math.max(1, end - Date.now())));
      const noticed = outside.fault() ?? unrest(outside.seconds.filter(({ at }) => at >= from));
      const told = await arm.told(from, Date.now());
      console.log(quietLine(piece, minutes, told, noticed));
      if (noticed === null) await arm.keep?.(recording, null);
      else broken++;
    }
    return broken;
  }

  /** Looks whether each does what it says; resolves with what was seen. */
  async verify(scenarios: readonly Scenario[]): Promise<Verification[]> {
    const seen: Verification[] = [];
    for (let time = 0; time < (this.#options.times ?? 1); time++) {
      for (const scenario of scenarios) {
        const one = await verify(scenario, await this.#ready());
        seen.push(one);
        console.log(verificationLine(one));
        if (!one.isUndone) await this.close();
      }
    }
    mkdirSync(this.#options.out, { recursive: true });
    writeFileSync(join(this.#options.out, 'verify.json'), `${JSON.stringify(seen)}\n`);
    return seen;
  }

  /** Takes the stack away; the next run makes another. Also in the middle of a run: that then fails. */
  close(): Promise<void> {
    this.#closing = this.#closing.then(() => this.#close());
    return this.#closing;
  }

  /** Takes the stack away for good: no other is made. */
  end(): Promise<void> {
    this.#isOver = true;
    return this.close();
  }

  async #close(): Promise<void> {
    const [ground, stack] = [this.#ground, this.#stack];
    this.#ground = null;
    this.#stack = null;
    const failures = ground === null ? await stack?.close() : await ground.close();
    for (const failure of failures ?? []) console.error(`Not taken away: ${failure}`);
  }

  #timesOf({ truth }: Scenario): number {
    const { times, library } = this.#options;
    if (times !== null || library === null) return times ?? 1;
    return truth === null ? RECORDED_HARMLESS : RECORDED_FAULTS;
  }

  /** Where a library keeps it; null where there is none. */
  #recordingOf(name: string): string | null {
    const { library } = this.#options;
    return library === null ? null : join(library, `${name}.recording`);
  }

  async #ready(shape: LoadShape = STEADY): Promise<Ground> {
    if (this.#isOver) throw new Error('The round is over.');
    if (this.#ground !== null) return this.#ground;
    const { arm, seed, out, warmMinutes, library, rampMinutes } = this.#options;
    if (this.#maker === null) {
      this.#maker = await arms[arm]();
    }
    const begun = performance.now();
    const made = (stack: Stack): void => {
      this.#stack = stack;
      // While it was made nobody could take it away.
      if (this.#isOver) throw new Error('The round is over.');
    };
    this.#ground = await Ground.prepare(
      this.#maker({ seed, out, warmMinutes, goesOn: rampMinutes > 0 }),
      seed,
      made,
      shape,
    );
    const { warmRecording } = this.#ground.arm;
    if (library !== null && warmRecording !== undefined) {
      mkdirSync(library, { recursive: true });
      copyFileSync(warmRecording, join(library, WARM_RECORDING));
    }
    console.log(`The stack is up and healthy after ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
    return this.#ground;
  }
}

/** One run on one line. */
export function runLine(record: RunRecord): string {
  const name = `${record.scenario.padEnd(20)} ${record.arm.padEnd(8)}`;
  if (record.broken !== null) return `${name} BROKEN, not counted: ${record.broken}`;
  const after = (at: number | null | undefined, from: number): string =>
    at === null || at === undefined ? 'not' : `after ${((at - from) / 1000).toFixed(1)} s`;
  const failed = record.probe.reduce((sum, { sent, right }) => sum + sent - right, 0);
  const told = record.told.length > 0 ? `; ${record.told.length} said` : '';
  const undo = (record.undoFailures ?? []).map((failure) => `; undo: ${failure}`).join('');
  const shown = `shown ${after(record.shownAt, record.injectedAt)}`;
  return `${name} ${shown}; ${failed} checks failed; healthy ${after(record.healthyAt, record.undoneAt)} of undo${told}${undo}`;
}

/** What was foreseen of a ramp, on one line. */
function rampLine(record: RunRecord): string {
  const name = record.scenario.padEnd(20);
  if (record.broken !== null) return `${name} BROKEN, not counted: ${record.broken}`;
  const { foreseenMs, isSeen } = judge(record);
  const noticed = isSeen ? 'users noticed' : 'users noticed nothing';
  const foreseen = foreseenMs === null ? 'not foreseen' : `foreseen ${(foreseenMs / MINUTE_MS).toFixed(1)} min before`;
  const said = record.told.filter(({ kind }) => kind === 'foreseen').map(({ summary }) => `; ${summary}`);
  return `${name} ${noticed}; ${foreseen}${said.join('')}`;
}

function quietLine(piece: number, minutes: number, told: readonly Told[], noticed: string | null): string {
  const name = `${`quiet, part ${piece}`.padEnd(20)} ${minutes} min`;
  if (noticed !== null) return `${name} BROKEN, not counted: ${noticed}`;
  const pages = told.filter(({ kind }) => kind === 'page').length;
  return `${name}; ${pages} pages, ${told.length - pages} findings${told.map(({ summary }) => `; ${summary}`).join('')}`;
}

function verificationLine(one: Verification): string {
  const seconds = (value: number | null): string => (value === null ? '  no  ' : `${value.toFixed(1).padStart(4)} s`);
  const verdict = one.isShown && one.isUndone && one.problems.length === 0 ? 'ok  ' : 'FAIL';
  const problems = one.problems.length > 0 ? `  ${one.problems.join('; ')}` : '';
  const times = `shown ${seconds(one.shownSeconds)}  healthy ${seconds(one.healthySeconds)}  in all ${seconds(one.seconds)}`;
  return `${verdict} ${one.scenario.padEnd(20)} ${times}${problems}`;
}

/** Of several verifications of each scenario: how often it was shown and undone, one line each. */
export function verificationTable(seen: readonly Verification[]): string {
  const names = [...new Set(seen.map(({ scenario }) => scenario))];
  const rows = names.map((name) => {
    const those = seen.filter(({ scenario }) => scenario === name);
    const good = (is: (one: Verification) => boolean): string => `${those.filter(is).length}/${those.length}`;
    const seconds = those.reduce((sum, one) => sum + one.seconds, 0) / those.length;
    const cells = [good(({ isShown }) => isShown), good(({ isUndone }) => isUndone), seconds.toFixed(1)];
    return `| ${name.padEnd(20)} | ${cells.map((cell) => cell.padStart(7)).join(' | ')} |`;
  });
  const head = `| ${'scenario'.padEnd(20)} | ${['shown', 'undone', 'seconds'].map((cell) => cell.padStart(7)).join(' | ')} |`;
  return [head, `|${'-'.repeat(22)}|${`${'-'.repeat(8)}:|`.repeat(3)}`, ...rows].join('\n');
}
