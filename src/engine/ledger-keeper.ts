import { hasTurnedAway, judge, judgementFrom, predictionRow, type Statement, trackRecord } from '../predict/ledger.ts';
import {
  confidenceFrom,
  countJudged,
  countMade,
  emptyTrackRecord,
  mergeTrackRecords,
  trackRecordId,
  trackRecordSentence,
} from '../predict/ledger.ts';
import {
  type Clock,
  type Confidence,
  type Prediction,
  type RecordStore,
  rowPages,
  type TrackRecord,
  type TrackRecordRow,
} from '../model/index.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import type { EventRing } from './event-ring.ts';
import { InTurn } from '../in-turn.ts';

/** What was observed of a prediction's target; null where the target is not known (any more). */
export type ActualLookup = (
  row: Prediction,
  from: number,
  to: number,
) => Promise<{ readonly times: Float64Array; readonly values: Float64Array } | null>;

/** Whether somebody or something acted on a host or service within the time. */
export type ActedUpon = (entityId: string, from: number, to: number) => Promise<boolean>;

const AT_ONCE = 200;
const NOTHING = { times: new Float64Array(0), values: new Float64Array(0) };

/** Keeps what was foretold, judges it when it falls due, and keeps the running sums that stand beside every number. */
export class LedgerKeeper {
  readonly #records: RecordStore;
  readonly #ring: EventRing;
  readonly #clock: Clock;
  readonly #actual: ActualLookup;
  readonly #isOutOfCount: (row: Prediction, from: number, to: number) => boolean;
  readonly #acted: ActedUpon;
  readonly #sums = new Map<string, TrackRecordRow>();
  /** One change of the sums at a time. */
  readonly #changes = new InTurn();

  constructor(options: {
    records: RecordStore;
    ring: EventRing;
    clock: Clock;
    actual: ActualLookup;
    /** Whether what happened then says nothing of how good a statement was: a maintenance. */
    isOutOfCount: (row: Prediction, from: number, to: number) => boolean;
    /** Nobody unless told. */
    acted?: ActedUpon;
  }) {
    this.#records = options.records;
    this.#ring = options.ring;
    this.#clock = options.clock;
    this.#actual = options.actual;
    this.#isOutOfCount = options.isOutOfCount;
    this.#acted = options.acted ?? (() => Promise.resolve(false));
  }

  async load(): Promise<void> {
    for await (const rows of rowPages(this.#records, 'track_records'))
      for (const row of rows) this.#sums.set(row.id, row);
  }

  /** How sure such a statement is: measured where enough of its kind were judged, else the stated number as a prior. */
  confidence(of: Pick<Prediction, 'type' | 'entityId' | 'model' | 'horizonMs'>, stated: number): Confidence {
    return confidenceFrom(this.#sums.get(trackRecordId(of)) ?? null, stated);
  }

  /** How all such statements did so far, whoever they were about. */
  recordSentence(of: Pick<Prediction, 'type' | 'model'>): string {
    const rows = [...this.#sums.values()].filter(({ type, model }) => type === of.type && model === of.model);
    return trackRecordSentence(mergeTrackRecords(rows) ?? { scored: 0, held: 0, pending: 0 });
  }

  trackRecords(): readonly (TrackRecord & { readonly entityId: string })[] {
    return [...this.#sums.values()].map((row) => ({ ...trackRecord(row, row.stated), entityId: row.entityId }));
  }

  /** All that was judged so far. */
  totals(): { readonly scored: number; readonly held: number; readonly pending: number } {
    let scored = 0;
    let held = 0;
    let pending = 0;
    for (const row of this.#sums.values()) {
      scored += row.scored;
      held += row.held;
      pending += row.pending;
    }
    return { scored, held, pending };
  }

  /** Writes statements down; those of a target, model and horizon that were made this hour already are left out. */
  make(statements: readonly Statement[]): Promise<void> {
    return this.#changes.run(async () => {
      const byId = new Map<string, Prediction>();
      for (const statement of statements) {
        const row = predictionRow(statement);
        if (row !== null && !byId.has(row.id)) byId.set(row.id, row);
      }
      const rows = [...byId.values()];
      if (rows.length === 0) return;
      let fresh: readonly Prediction[] = [];
      let counted: readonly TrackRecordRow[] = [];
      await this.#records.transaction(async (access) => {
        const made = new Set(await access.insertNew('predictions', rows));
        fresh = rows.filter((row) => made.has(row.id));
        counted = this.#counted(fresh, (record) => countMade(record));
        await access.put('track_records', counted);
      });
      this.#remember(counted);
      for (const prediction of fresh) this.#ring.publish({ topic: 'predictions', prediction });
    });
  }

  /** Judges what is due; gives how many. */
  judgeDue(): Promise<number> {
    return this.#changes.run(async () => {
      const now = this.#clock.now();
      // Half a minute of grace: the last samples before the due time are still on their way.
      const due = await this.#records.find('predictions', {
        where: { outcome: 'pending', dueAt: { lte: now - 30_000 } },
        orderBy: 'dueAt',
        limit: AT_ONCE,
      });
      const judged: Prediction[] = [];
      for (const row of due.rows) {
        const from = judgementFrom(row);
        const points = (await this.#actual(row, from, row.dueAt)) ?? NOTHING;
        const isOutOfCount = this.#isOutOfCount(row, from, row.dueAt);
        const outcome = judge(row, points, now, { isOutOfCount });
        // What did not come because somebody saw to it says nothing of the forecast.
        const isAverted =
          outcome?.outcome === 'false' &&
          hasTurnedAway(row, points) &&
          (await this.#acted(row.entityId, row.madeAt, row.dueAt));
        const final = isAverted ? judge(row, points, now, { averted: true }) : outcome;
        if (final !== null) judged.push(final);
      }
      if (judged.length === 0) return 0;
      const counted = this.#counted(judged, countJudged);
      await this.#records.transaction(async (access) => {
        await access.put('predictions', judged);
        await access.put('track_records', counted);
      });
      this.#remember(counted);
      for (const prediction of judged) {
        ownMetrics.predictionsScored.inc({ type: prediction.type, outcome: prediction.outcome });
        this.#ring.publish({ topic: 'predictions', prediction });
      }
      return judged.length;
    });
  }

  /** The sums with these rows counted; they hold only once they are stored. */
  #counted(
    rows: readonly Prediction[],
    step: (record: TrackRecordRow, row: Prediction) => TrackRecordRow,
  ): readonly TrackRecordRow[] {
    const touched = new Map<string, TrackRecordRow>();
    for (const row of rows) {
      const id = trackRecordId(row);
      const after = step(touched.get(id) ?? this.#sums.get(id) ?? emptyTrackRecord(row), row);
      touched.set(id, after);
    }
    return [...touched.values()];
  }

  #remember(counted: readonly TrackRecordRow[]): void {
    for (const record of counted) this.#sums.set(record.id, record);
  }
}
