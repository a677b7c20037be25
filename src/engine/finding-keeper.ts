import type { DetectionEvent } from '../detect/detector.ts';
import { AuspexError } from '../errors.ts';
import {
  type AnomalyRow,
  type Confidence,
  confidence,
  type EvidenceRow,
  type FeedbackRow,
  type Finding,
  type FindingVerdict,
  type RecordStore,
  rowPages,
} from '../model/index.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import type { EventRing } from './event-ring.ts';
import { InTurn } from '../in-turn.ts';

/** An open finding's row is written again when its severity changes, and else at most this often. */
const REWRITE_MS = 60_000;
/** Judged findings of a detector from which on its share of confirmed ones is its confidence. */
const JUDGED_FOR_MEASURED = 20;
/** Open findings are spoken of at least every few minutes; past this nobody speaks of them any more. */
const FORGOTTEN_MS = 30 * 60_000;
/** Ended findings that are still held for a late update. */
const ENDED_HELD = 500;

type Evidence = Pick<Finding, 'contributions' | 'culprits' | 'actions' | 'counterfactual'>;

/**
 * The findings that are open now, and their way into the store. A finding's id is a hash of what it is about and its
 * onset, so what a replay finds again changes nothing, and a person's verdict outlives it.
 */
export class FindingKeeper {
  readonly #records: RecordStore;
  readonly #ring: EventRing;
  readonly #open = new Map<string, Finding>();
  readonly #openOf = new Map<string, Set<string>>();
  /** Verdicts given while a finding is open, and the last ended ones. */
  readonly #verdicts = new Map<string, FindingVerdict>();
  readonly #writtenAt = new Map<string, number>();
  /** What people said of each detector's findings: how sure the next one is. */
  readonly #judged = new Map<string, { confirmed: number; all: number }>();
  #dirty = new Map<string, Finding>();
  readonly #writes = new InTurn();

  constructor(records: RecordStore, ring: EventRing) {
    this.#records = records;
    this.#ring = ring;
  }

  /** Reads the findings that were open when the process ended. */
  async load(): Promise<void> {
    await this.#loadJudged();
    const rows = await this.#records.find('anomalies', { where: { status: 'open' }, limit: 500 });
    for (const row of rows.rows) {
      const finding = await this.#withEvidence(row);
      this.#hold(finding);
      if (finding.verdict !== 'none') this.#verdicts.set(finding.id, finding.verdict);
    }
  }

  async #loadJudged(): Promise<void> {
    for await (const rows of rowPages(this.#records, 'feedback'))
      for (const row of rows) this.#count(row.detector, row.verdict);
  }

  #count(detector: string, verdict: FeedbackRow['verdict']): void {
    const sums = this.#judged.get(detector) ?? { confirmed: 0, all: 0 };
    this.#judged.set(detector, { confirmed: sums.confirmed + (verdict === 'confirmed' ? 1 : 0), all: sums.all + 1 });
  }

  /** The share of a detector's judged findings that were confirmed, from twenty on; before that its opening assumption. */
  #confidence(finding: Finding): Confidence {
    const sums = this.#judged.get(finding.detector);
    if (sums === undefined || sums.all < JUDGED_FOR_MEASURED) return finding.confidence;
    return confidence(sums.confirmed / sums.all, 'measured', sums.all);
  }

  open(): Iterable<Finding> {
    return this.#open.values();
  }

  openOf(entityId: string): readonly Finding[] {
    return [...(this.#openOf.get(entityId) ?? [])].flatMap((id) => {
      const finding = this.#open.get(id);
      return finding !== undefined && isWorthShowing(finding) ? [finding] : [];
    });
  }

  /** Takes what the detectors found; gives the findings as they are now, verdicts included. */
  take(events: readonly DetectionEvent[]): readonly Finding[] {
    const changed: Finding[] = [];
    for (const event of events) {
      const verdict = this.#verdicts.get(event.finding.id) ?? event.finding.verdict;
      const finding: Finding = { ...event.finding, verdict, confidence: this.#confidence(event.finding) };
      const known = this.#open.get(finding.id);
      const isNew = known === undefined && event.change !== 'ended';
      if (finding.status === 'open') this.#hold(finding);
      else this.#forget(finding);
      if (isNew) ownMetrics.findings.inc({ detector: finding.detector, severity: finding.severity });
      const due = (this.#writtenAt.get(finding.id) ?? 0) + REWRITE_MS <= finding.lastAt;
      if (
        isNew ||
        finding.status === 'ended' ||
        known?.severity !== finding.severity ||
        known?.pages !== finding.pages ||
        due
      )
        this.#dirty.set(finding.id, finding);
      this.#ring.publish({ topic: 'anomalies', change: isNew ? 'opened' : event.change, finding });
      changed.push(finding);
    }
    return changed;
  }

  /**
   * Ends findings of which the detectors no longer speak although their host reports: their state was lost with a
   * snapshot, or what they were about is gone. Gives the ended ones.
   */
  endForgotten(now: number, reportsAt: (entityId: string) => number): readonly Finding[] {
    const forgotten = [...this.#open.values()].filter(
      (finding) =>
        finding.detector !== 'absence' &&
        now - finding.lastAt > FORGOTTEN_MS &&
        now - reportsAt(finding.entityId) < FORGOTTEN_MS / 2,
    );
    return this.take(
      forgotten.map((finding) => ({
        change: 'ended',
        finding: { ...finding, status: 'ended', endedAt: finding.lastAt },
      })),
    );
  }

  /** Writes what changed. One write at a time, in order; a failure is tried again with the next call. */
  flush(): Promise<void> {
    return this.#writes.run(() => this.#write());
  }

  async get(id: string): Promise<Finding> {
    const held = this.#open.get(id);
    if (held !== undefined) return held;
    const row = await this.#records.get('anomalies', id);
    if (row === undefined) throw new AuspexError('NOT_FOUND', `There is no finding ${id}.`);
    return this.#withEvidence(row);
  }

  /** Keeps a person's word on a finding. */
  async judge(id: string, verdict: Exclude<FindingVerdict, 'none'>, by: string, at: number): Promise<Finding> {
    await this.flush();
    const before = await this.get(id);
    const finding: Finding = { ...before, verdict };
    const feedback: FeedbackRow = {
      id: `${id}:${by}`,
      findingId: id,
      entityId: finding.entityId,
      detector: finding.detector,
      subject: finding.subject,
      verdict,
      value: finding.contributions[0]?.value ?? null,
      at,
      by,
    };
    await this.#records.transaction(async (access) => {
      await access.put('feedback', [feedback]);
      await access.update('anomalies', { id }, { verdict });
    });
    this.#count(finding.detector, verdict);
    this.#verdicts.set(id, verdict);
    if (this.#open.has(id)) this.#hold(finding);
    this.#ring.publish({ topic: 'anomalies', change: 'updated', finding });
    return finding;
  }

  async #write(): Promise<void> {
    if (this.#dirty.size === 0) return;
    const batch = this.#dirty;
    this.#dirty = new Map();
    const findings = [...batch.values()];
    try {
      await this.#records.transaction(async (access) => {
        await access.put('anomalies', findings.map(rowOf));
        await access.put('evidence', findings.map(evidenceOf));
      });
      for (const finding of findings) {
        if (finding.status === 'open') this.#writtenAt.set(finding.id, finding.lastAt);
        else this.#writtenAt.delete(finding.id);
      }
    } catch (error) {
      for (const [id, finding] of batch) if (!this.#dirty.has(id)) this.#dirty.set(id, finding);
      throw error;
    }
  }

  async #withEvidence(row: AnomalyRow): Promise<Finding> {
    const evidence = (await this.#records.get('evidence', row.id))?.body as Partial<Evidence> | undefined;
    return {
      ...row,
      contributions: evidence?.contributions ?? [],
      culprits: evidence?.culprits ?? [],
      actions: evidence?.actions ?? [],
      counterfactual: evidence?.counterfactual ?? '',
    };
  }

  #hold(finding: Finding): void {
    this.#open.set(finding.id, finding);
    const own = this.#openOf.get(finding.entityId);
    if (own === undefined) this.#openOf.set(finding.entityId, new Set([finding.id]));
    else own.add(finding.id);
  }

  #forget({ id, entityId }: Finding): void {
    this.#open.delete(id);
    const own = this.#openOf.get(entityId);
    own?.delete(id);
    if (own?.size === 0) this.#openOf.delete(entityId);
    if (this.#verdicts.size > ENDED_HELD) {
      for (const known of this.#verdicts.keys()) {
        if (!this.#open.has(known)) {
          this.#verdicts.delete(known);
          break;
        }
      }
    }
  }
}

/** What a person has called normal or dismissed is over for the page, though the detector still sees it. */
function isWorthShowing(finding: Finding): boolean {
  return finding.verdict !== 'normal' && finding.verdict !== 'dismissed' && finding.severity !== 'none';
}

function rowOf(finding: Finding): AnomalyRow {
  const { contributions: _c, culprits: _u, actions: _a, counterfactual: _f, ...row } = finding;
  return row;
}

function evidenceOf(finding: Finding): EvidenceRow {
  const { contributions, culprits, actions, counterfactual } = finding;
  return {
    id: finding.id,
    at: finding.lastAt,
    body: { contributions, culprits, actions, counterfactual } satisfies Evidence,
  };
}
