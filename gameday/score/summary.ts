import type { ArmName, Pace, RunRecord } from '../contract.ts';
import { judge, type Verdict } from './judge.ts';
import { wilson } from './wilson.ts';

/** A share with what it is made of and where the true one lies (95 %). */
export interface Share {
  readonly hits: number;
  readonly of: number;
  readonly from: number;
  readonly to: number;
  /** Mean over scenarios of each one's share: a scenario that was run more often counts no more. Null without runs. */
  readonly mean: number | null;
}

export interface ScenarioSummary {
  readonly scenario: string;
  readonly pace: Pace;
  readonly isHarmless: boolean;
  readonly isExam: boolean;
  readonly runs: number;
  readonly broken: number;
  readonly detected: number;
  readonly medianDetectedMs: number | null;
  readonly paged: number;
  readonly pages: number;
  readonly findings: number;
  readonly seen: number;
  readonly recovered: number;
  readonly medianRecoveredMs: number | null;
  /** Mean share of requests that failed while it lasted. */
  readonly harm: number;
}

export interface ArmSummary {
  readonly arm: ArmName;
  readonly runs: number;
  /** Left out of every figure, with the reason. */
  readonly broken: readonly { readonly scenario: string; readonly seed: number; readonly reason: string }[];
  readonly scenarios: readonly ScenarioSummary[];
  readonly faults: Group;
  /** The scenarios that nothing was developed on, counted apart. */
  readonly exam: Group;
  readonly harmless: { readonly runs: number; readonly pages: number; readonly findings: number };
}

/** What is said of faults. */
export interface Group {
  readonly detected: Share;
  readonly paged: Share;
  readonly medianHardMs: number | null;
  readonly medianSlowMs: number | null;
  readonly oneIncident: Share;
  readonly class: Share;
  readonly severity: Share;
  readonly culpritFirst: Share;
  readonly culpritInThree: Share;
  readonly foreseen: Share;
  readonly medianForeseenMs: number | null;
  /** Of the runs in which users saw something. */
  readonly recovered: Share;
  readonly medianRecoveredMs: number | null;
  readonly harm: number;
}

interface Judged {
  readonly run: RunRecord;
  readonly verdict: Verdict;
}

/** Sums up the runs of one arm. Shares stand over runs with their interval, and as the mean over scenarios. */
export function summarize(arm: ArmName, records: readonly RunRecord[]): ArmSummary {
  const own = records.filter((run) => run.arm === arm);
  const judged = own.filter((run) => run.broken === null).map((run) => ({ run, verdict: judge(run) }));
  const faults = judged.filter(({ run }) => !run.isHarmless);
  const harmless = judged.filter(({ run }) => run.isHarmless);
  return {
    arm,
    runs: judged.length,
    broken: own.flatMap(({ scenario, seed, broken }) => (broken === null ? [] : [{ scenario, seed, reason: broken }])),
    scenarios: [...new Set(own.map(({ scenario }) => scenario))].map((scenario) => scenarioOf(scenario, own, judged)),
    faults: groupOf(faults.filter(({ run }) => !run.isExam)),
    exam: groupOf(faults.filter(({ run }) => run.isExam)),
    harmless: {
      runs: harmless.length,
      pages: sum(harmless, ({ verdict }) => verdict.pages),
      findings: sum(harmless, ({ verdict }) => verdict.findings),
    },
  };
}

function scenarioOf(scenario: string, own: readonly RunRecord[], judged: readonly Judged[]): ScenarioSummary {
  const of = judged.filter(({ run }) => run.scenario === scenario);
  const first = own.find((run) => run.scenario === scenario) as RunRecord;
  const count = (is: (one: Judged) => boolean): number => of.filter(is).length;
  return {
    scenario,
    pace: first.pace,
    isHarmless: first.isHarmless,
    isExam: first.isExam,
    runs: of.length,
    broken: own.filter((run) => run.scenario === scenario && run.broken !== null).length,
    detected: count(({ verdict }) => verdict.detectedMs !== null),
    medianDetectedMs: medianOf(of, ({ verdict }) => verdict.detectedMs),
    paged: count(({ verdict }) => verdict.pagedMs !== null),
    pages: sum(of, ({ verdict }) => verdict.pages),
    findings: sum(of, ({ verdict }) => verdict.findings),
    seen: count(({ verdict }) => verdict.isSeen),
    recovered: count(({ verdict }) => verdict.recoveredMs !== null),
    medianRecoveredMs: medianOf(of, ({ verdict }) => verdict.recoveredMs),
    harm: of.length === 0 ? 0 : sum(of, ({ verdict }) => verdict.harm) / of.length,
  };
}

function groupOf(of: readonly Judged[]): Group {
  const pace = (is: Pace): readonly Judged[] => of.filter(({ run }) => run.pace === is);
  const seen = of.filter(({ verdict }) => verdict.isSeen);
  return {
    detected: shareOf(of, ({ verdict }) => verdict.detectedMs !== null),
    paged: shareOf(of, ({ verdict }) => verdict.pagedMs !== null),
    medianHardMs: medianOf(pace('hard'), ({ verdict }) => verdict.detectedMs),
    medianSlowMs: medianOf(pace('slow'), ({ verdict }) => verdict.detectedMs),
    oneIncident: shareOf(of, ({ verdict }) => verdict.incidents === 1),
    class: shareOf(of, ({ verdict }) => verdict.isClassRight === true),
    severity: shareOf(of, ({ verdict }) => verdict.isSeverityRight === true),
    culpritFirst: shareOf(of, ({ verdict }) => verdict.culpritRank === 1),
    culpritInThree: shareOf(of, ({ verdict }) => (verdict.culpritRank ?? 4) <= 3),
    foreseen: shareOf(of, ({ verdict }) => verdict.foreseenMs !== null),
    medianForeseenMs: medianOf(of, ({ verdict }) => verdict.foreseenMs),
    recovered: shareOf(seen, ({ verdict }) => verdict.recoveredMs !== null),
    medianRecoveredMs: medianOf(seen, ({ verdict }) => verdict.recoveredMs),
    harm: of.length === 0 ? 0 : sum(of, ({ verdict }) => verdict.harm) / of.length,
  };
}

function shareOf(of: readonly Judged[], is: (one: Judged) => boolean): Share {
  const hits = of.filter(is).length;
  const byScenario = Map.groupBy(of, ({ run }) => run.scenario);
  const shares = [...byScenario.values()].map((runs) => runs.filter(is).length / runs.length);
  const mean = shares.length === 0 ? null : shares.reduce((a, b) => a + b, 0) / shares.length;
  return { hits, of: of.length, ...wilson(hits, of.length), mean };
}

function medianOf(of: readonly Judged[], value: (one: Judged) => number | null): number | null {
  const values = of.flatMap((one) => value(one) ?? []).sort((a, b) => a - b);
  if (values.length === 0) return null;
  const middle = values.length >> 1;
  return values.length % 2 === 1
    ? (values[middle] as number)
    : ((values[middle - 1] as number) + (values[middle] as number)) / 2;
}

function sum(of: readonly Judged[], value: (one: Judged) => number): number {
  return of.reduce((total, one) => total + value(one), 0);
}
