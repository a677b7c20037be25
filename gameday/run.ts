/**
 * Real faults on real processes, judged from outside. `node gameday/run.ts --list` names the scenarios; the options are in
 * `options.ts`. Exits with 1 when a run did not count or a verification failed, with 2 for a wrong word.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from './contract.ts';
import { pagesAMonth, replayLibrary } from './recording/replay-library.ts';
import { writeReport } from './report/write-report.ts';
import { type GamedayOptions, readOptions, USAGE } from './options.ts';
import { Round, runLine, verificationTable } from './runner/round.ts';
import { chosen, scenarios, whyNot } from './scenarios/list.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { whyNoGameday } from './stack/requirements.ts';

function list(): void {
  for (const scenario of scenarios) {
    const reason = whyNot(scenario);
    const notes = [scenario.isExam === true ? 'exam' : '', reason === null ? '' : `cannot run here: ${reason}`];
    const note = notes.filter((one) => one !== '').join('; ');
    console.log(`${scenario.id.padEnd(20)} ${scenario.title}${note === '' ? '' : ` (${note})`}`);
  }
}

/** What is to run; what cannot is named with its reason. */
function toRun(options: GamedayOptions): Scenario[] {
  const withExam = options.withExam || options.isVerify;
  const all =
    options.scenarios.length > 0
      ? chosen(options.scenarios)
      : scenarios.filter((one) => withExam || one.isExam !== true);
  return all.filter((scenario) => {
    const reason = whyNot(scenario);
    if (reason !== null) console.log(`SKIPPED ${scenario.id}: ${reason}`);
    return reason === null;
  });
}

/** Judges all runs that a folder holds, and writes the report beside them. */
function report(out: string): void {
  const runs = readdirSync(out)
    .filter((name) => /^(none|restart|auspex)\..*\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(out, name), 'utf8')) as RunRecord);
  const { text } = writeReport(out, runs);
  console.log(`\n${text}\nAs a page: ${join(out, 'report.html')}`);
}

/** What Auspex, as it is now, says of a folder of recordings. */
async function replay(folder: string, out: string): Promise<void> {
  const library = await replayLibrary(folder, (run) => console.log(runLine(run)));
  const { text } = writeReport(out, library.runs);
  console.log(`\n${text}`);
  const { hours, findings, pages } = library.quiet;
  const aMonth = pagesAMonth(library)?.toFixed(2) ?? '–';
  console.log(
    `Quiet: ${pages} pages and ${findings} findings in ${hours.toFixed(1)} hours; ${aMonth} pages a host-month.`,
  );
}

async function main(options: GamedayOptions): Promise<number> {
  if (options.isHelp) {
    console.log(USAGE);
    return 0;
  }
  if (options.replay !== null) {
    await replay(options.replay, options.out);
    return 0;
  }
  if (options.isReport) {
    report(options.out);
    return 0;
  }
  if (options.isList) {
    list();
    return 0;
  }
  const impossible = whyNoGameday();
  if (impossible !== null) {
    console.error(`No gameday here: ${impossible}.`);
    return 1;
  }
  const those = options.rampMinutes > 0 ? [] : toRun(options);
  const round = new Round(options);
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!isInterrupted) console.error('Interrupted: taking everything away …');
      isInterrupted = true;
      void round.end().finally(() => process.exit(130));
    });
  try {
    return await go(round, those, options);
  } catch (error) {
    if (!isInterrupted) throw error;
    return 130;
  } finally {
    await round.end();
  }
}

async function go(
  round: Round,
  those: readonly Scenario[],
  { isVerify, quietMinutes, rampMinutes, out }: GamedayOptions,
): Promise<number> {
  if (rampMinutes > 0) return (await round.ramps(rampMinutes)).length === 0 ? 0 : 1;
  if (isVerify) {
    const seen = await round.verify(those);
    console.log(verificationTable(seen));
    return seen.every((one) => one.isShown && one.isUndone) ? 0 : 1;
  }
  if (quietMinutes > 0) return (await round.quiet()) === 0 ? 0 : 1;
  const broken = await round.run(those);
  report(out);
  if (broken.length > 0) console.error(`${broken.length} runs are broken and do not count: see above.`);
  return broken.length === 0 ? 0 : 1;
}

let options: GamedayOptions | null = null;
try {
  options = readOptions(process.argv.slice(2));
  if (options.rampMinutes === 0) chosen(options.scenarios);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== null && process.exitCode === undefined) process.exit(await main(options));
