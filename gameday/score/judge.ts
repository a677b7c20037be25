import type { ProbeSecond, RunRecord, Severity, Told } from '../contract.ts';
import { NOTICED_MS } from '../probe/sights.ts';

/** What one run comes to; null where the question does not arise or nothing was said. */
export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  /** Of a fault: whether anything was said of it while it lasted, and after how long. */
  readonly detectedMs: number | null;
  /** The same for pages. */
  readonly pagedMs: number | null;
  readonly findings: number;
  readonly pages: number;
  /** Incidents, or where there are none yet pages: one a fault is right. */
  readonly incidents: number;
  readonly isClassRight: boolean | null;
  readonly isSeverityRight: boolean | null;
  /** Place of the first right culprit among those named, from 1; null where none was. */
  readonly culpritRank: number | null;
  /** How long before users saw anything it was foretold. */
  readonly foreseenMs: number | null;
  /** From the injection until users were served again while the fault was still there to be repaired. */
  readonly recoveredMs: number | null;
  /** Whether users saw anything at all. */
  readonly isSeen: boolean;
  /** Share of requests that went wrong or got no answer while the fault lasted. */
  readonly harm: number;
}

const rank: Readonly<Record<Severity, number>> = { none: 0, medium: 1, high: 2, critical: 3 };
/** Served again means that every answer was right for so many seconds on end. */
const STEADY_SECONDS = 8;

/** Judges a run by its record alone. What was said before the injection does not count for it, nor what came after the undo. */
export function judge(run: RunRecord): Verdict {
  const during = run.told.filter((told) => told.at >= run.injectedAt && told.at <= run.undoneAt);
  const said = during.filter((told) => told.kind !== 'foreseen');
  const after = run.told.filter((told) => told.at >= run.injectedAt && told.at <= run.endedAt);
  const pages = distinct(after.filter((told) => told.kind === 'page'));
  const incidents = distinct(after.filter((told) => told.kind === 'incident'));
  const window = run.probe.filter((second) => second.at >= run.injectedAt && second.at < run.undoneAt);
  const seenAt = window.find(isHarmed)?.at ?? null;
  // What a person looks at: incidents, where there are any.
  const opened = said.filter((told) => told.kind === 'incident');
  const best = byWeight(opened.length > 0 ? opened : said);
  const { truth } = run;
  return {
    scenario: run.scenario,
    seed: run.seed,
    detectedMs: since(run.injectedAt, earliest(said)),
    pagedMs: since(run.injectedAt, earliest(said.filter((told) => told.kind === 'page'))),
    findings: distinct(after.filter((told) => told.kind === 'finding')).length,
    pages: pages.length,
    incidents: incidents.length > 0 ? incidents.length : pages.length,
    isClassRight: truth === null ? null : rightClass(best, truth.class),
    isSeverityRight: truth === null || best.length === 0 ? null : best[0]?.severity === truth.severity,
    culpritRank: truth === null ? null : rankOf(best, truth.culprits),
    foreseenMs: foreseen(run, seenAt),
    recoveredMs: recovered(window, run.injectedAt, seenAt),
    isSeen: seenAt !== null,
    harm: share(window),
  };
}

/** Users noticed something in this second: a wrong answer, none, or a slow one. */
function isHarmed({ wrong, lost, slowestMs }: ProbeSecond): boolean {
  return wrong + lost > 0 || (slowestMs ?? 0) > NOTICED_MS;
}

/** Severest first, then the earliest: what a person would look at. */
function byWeight(told: readonly Told[]): readonly Told[] {
  return [...told].sort((a, b) => rank[b.severity] - rank[a.severity] || a.at - b.at);
}

function rightClass(best: readonly Told[], truth: string): boolean | null {
  const said = best.find((told) => told.class !== null);
  return said === undefined ? null : said.class === truth;
}

/** Names in the order in which they were said, severest first, no name twice. */
function rankOf(best: readonly Told[], truth: readonly string[]): number | null {
  const names = [...new Set(best.flatMap((told) => told.culprits))];
  const place = names.findIndex((name) => truth.some((right) => isNamed(name, right)));
  return place < 0 ? null : place + 1;
}

/** `stress-ng-cpu` is stress-ng; `/spool` is `/…/spool`. */
function isNamed(said: string, right: string): boolean {
  const [a, b] = [said.toLowerCase(), right.toLowerCase()];
  return a === b || a.startsWith(`${b}-`) || a.startsWith(`${b}:`) || (b.startsWith('/') && a.endsWith(b));
}

function foreseen(run: RunRecord, seenAt: number | null): number | null {
  if (seenAt === null) return null;
  const first = earliest(run.told.filter((told) => told.kind === 'foreseen' && told.at >= run.injectedAt));
  return first === null || first >= seenAt ? null : seenAt - first;
}

/** The first second of the first steady stretch after users saw harm that lasts to the end of the window. */
function recovered(window: readonly ProbeSecond[], injectedAt: number, seenAt: number | null): number | null {
  if (seenAt === null) return null;
  const last = window.findLastIndex(isHarmed);
  if (window.length - 1 - last < STEADY_SECONDS) return null;
  return (window[last + 1]?.at ?? injectedAt) - injectedAt;
}

function share(window: readonly ProbeSecond[]): number {
  const sent = window.reduce((sum, second) => sum + second.sent, 0);
  return sent === 0 ? 0 : window.reduce((sum, second) => sum + second.wrong + second.lost, 0) / sent;
}

function distinct(told: readonly Told[]): readonly Told[] {
  return [...new Map(told.map((one) => [one.id, one])).values()];
}

function earliest(told: readonly Told[]): number | null {
  return told.length === 0 ? null : Math.min(...told.map(({ at }) => at));
}

function since(from: number, at: number | null): number | null {
  return at === null ? null : at - from;
}
