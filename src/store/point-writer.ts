import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { AuspexError } from '../errors.ts';
import type { AppendResult, MetricStoreStats } from '../model/index.ts';
import { BLOCK_FOLDERS, BlockFolder, DAY_MS, dayOf, isDamage, isFull } from './block-folder.ts';
import {
  bytesUsed,
  type DaySummary,
  expireBlocks,
  freeBytes,
  quotaVictim,
  summarise,
  surveyDays,
} from './block-upkeep.ts';
import { type Blocks, flushSealed, mergeCandidates, mergeSegments, rollUpDay } from './compaction.ts';
import { INGEST_FILE, IngestFile } from './ingest-file.ts';
import { Intake, PointSet } from './intake.ts';
import { COMMIT_POINTS } from './limits.ts';
import { gatherPoints } from './point-query.ts';
import type { NewSeries, PlainBatch, WriterOptions } from './protocol.ts';
import { salvageDone, salvageWords, setAside, unfinishedSalvage } from './salvage.ts';
import { decodeWriteAhead } from './write-ahead-codec.ts';

/** A day is rolled up this long after its end: by then the buffer has been flushed. */
const ROLL_UP_DELAY_MS = 4 * 3_600_000;
/** Points in the buffer are flushed at this age, however few they are. */
const FLUSH_AGE_MS = 3 * 3_600_000;
/** How long nothing is tried after a write failed for want of space. */
const FULL_PAUSE_MS = 2_000;
const SLICE_MS = 5;

interface WaitingAppend {
  readonly batch: PlainBatch;
  readonly done: (result: AppendResult | AuspexError) => void;
}

/** The writer thread's work on points: commits, and between them flushing, merging, rolling up and retention. */
export class PointWriter {
  readonly #options: WriterOptions;
  readonly #file: IngestFile;
  readonly #blocks: Blocks;
  readonly #lookups: BlockFolder;
  readonly #intake: Intake;
  readonly #days: Map<number, DaySummary>;
  readonly #rolled: Set<number>;
  /** The number of the next new series, as it was at the start. */
  readonly nextRef: number;
  readonly #onProblem: (text: string, path: string | null) => void;
  readonly #onCommit: (ms: number) => void;
  #waiting: WaitingAppend[] = [];
  #commitPlanned = false;
  #acknowledged = 0;
  #flushed: number;
  #sealedPosition: number;
  #activeSince: number | null = null;
  #fullUntil = 0;
  #accepting = true;
  #checkedAt = -Infinity;
  #tasks: Promise<void> = Promise.resolve();
  #clock = 0;
  #closed = false;
  #flushing = false;
  /** Lets the tasks go on; null while nobody holds them. */
  #held: (() => void) | null = null;

  constructor(
    options: WriterOptions,
    onProblem: (text: string, path: string | null) => void,
    onCommit: (ms: number) => void,
  ) {
    this.#options = options;
    this.#onProblem = onProblem;
    this.#onCommit = onCommit;
    this.#file = this.#openIngest();
    const salvaged = this.#salvage();
    const folder = (kind: 'raw' | 'five-minute' | 'hour', mode: 'write' | 'read'): BlockFolder =>
      new BlockFolder(options.home, kind, mode, options.fsync, onProblem);
    this.#blocks = {
      raw: folder('raw', 'write'),
      fiveMinute: folder('five-minute', 'write'),
      hour: folder('hour', 'write'),
    };
    this.#lookups = folder('raw', 'read');
    this.#days = surveyDays(this.#blocks.raw);
    this.#rolled = this.#file.rolledDays();
    this.nextRef = this.#countSeries(salvaged);
    this.#intake = new Intake(
      this.#file,
      options.halfCapacity,
      (refs, from, to) => this.#storedPoints(refs, from, to),
      this.nextRef,
    );
    this.#flushed = this.#file.number('flushed') ?? 0;
    this.#sealedPosition = this.#flushed;
    this.#recover();
    for (const text of new Set(this.#file.takeProblems())) onProblem(text, null);
  }

  get buffer(): Intake['buffer'] {
    return this.#intake.buffer;
  }

  #openIngest(): IngestFile {
    const { home, fsync } = this.#options;
    try {
      return new IngestFile(home, fsync);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const path = join(home, INGEST_FILE);
      const aside = setAside(path);
      this.#onProblem(`${path} is damaged (${(error as Error).message}) and was set aside as ${aside}.`, path);
      return new IngestFile(home, fsync);
    }
  }

  /** Brings over what can be read of a file that was set aside. True when there was one. */
  #salvage(): boolean {
    const path = join(this.#options.home, INGEST_FILE);
    const aside = unfinishedSalvage(path);
    if (aside !== null) {
      const found = this.#file.salvage(aside);
      this.#onProblem(`Of the damaged ${INGEST_FILE}: ${salvageWords(found)}`, null);
    }
    if (this.#file.countSeries().count === 0) this.#setBlocksAside();
    salvageDone(path);
    return aside !== null;
  }

  /** Without any series' definition no block can be read, and new series would be given their points. */
  #setBlocksAside(): void {
    const { home } = this.#options;
    const ending = `.damaged-${Date.now()}`;
    const folders = Object.values(BLOCK_FOLDERS).filter((folder) => hasFiles(join(home, folder)));
    if (folders.length === 0) return;
    for (const folder of folders) renameSync(join(home, folder), join(home, folder + ending));
    this.#onProblem(
      `There are blocks, but no definition of a series in ${join(home, INGEST_FILE)} to read them by: ${folders.join(', ')} were set aside as *${ending}.`,
      null,
    );
  }

  /**
   * The number of the next new series. It must be above every number that has points somewhere: the number of a series whose
   * definition is lost, given to another one, would give it that one's points.
   */
  #countSeries(salvaged: boolean): number {
    const { count, highest } = this.#file.countSeries();
    const noted = this.#file.number('nextRef');
    const definitions = this.#file.number('definitions');
    let next = Math.max(noted ?? 0, highest + 1);
    if (noted === undefined || definitions === undefined || salvaged || highest >= noted) {
      next = Math.max(next, this.#highestRefInUse() + 1);
      this.#file.commit(() => {
        this.#file.set('nextRef', next);
        this.#file.set('definitions', definitions ?? count);
      });
    }
    const lost = (definitions ?? count) - count;
    if (lost > 0)
      this.#onProblem(
        `${lost} ${lost === 1 ? 'definition' : 'definitions'} of series in ${INGEST_FILE} ${lost === 1 ? 'is' : 'are'} gone: their points are not served, and their labels get new series.`,
        null,
      );
    return next;
  }

  #highestRefInUse(): number {
    let highest = -1;
    for (const folder of [this.#blocks.raw, this.#blocks.fiveMinute, this.#blocks.hour])
      for (const day of folder.days())
        try {
          highest = Math.max(highest, folder.file(day)?.highestRef() ?? -1);
        } catch (error) {
          folder.failed(folder.pathOf(day), error);
        }
    for (const row of this.#file.rowsAfter(-1))
      try {
        for (const ref of decodeWriteAhead(row.data, row.position).refs) highest = Math.max(highest, ref);
      } catch {
        // named when it is recovered
      }
    return highest;
  }

  #recover(): void {
    this.#intake.recover(
      (position) => {
        if (this.buffer.sealedCount > 0) this.#drain(this.#flush());
        this.buffer.seal();
        this.#sealedPosition = position;
      },
      (position, cause) =>
        this.#onProblem(
          `${position === 0 ? 'The series’ last points in' : `Row ${position} of the write-ahead in`} ${this.#file.path} cannot be read (${cause instanceof Error ? cause.message : String(cause)}) and ${position === 0 ? 'were' : 'was'} left out.`,
          null,
        ),
    );
    if (this.buffer.activeCount > 0) this.#activeSince = performance.now();
    if (this.buffer.sealedCount > 0) this.#startFlush();
  }

  define(series: NewSeries): void {
    this.#intake.define(series);
  }

  append(batch: PlainBatch, done: WaitingAppend['done']): void {
    if (batch.count > Math.min(COMMIT_POINTS, this.buffer.capacity)) {
      return done(
        new AuspexError(
          'TOO_LARGE',
          `A batch of ${batch.count} samples is larger than one commit of ${COMMIT_POINTS}.`,
        ),
      );
    }
    this.#waiting.push({ batch, done });
    this.#planCommit();
  }

  #planCommit(): void {
    if (this.#commitPlanned || this.#closed) return;
    this.#commitPlanned = true;
    setImmediate(() => {
      this.#commitPlanned = false;
      this.#commitWaiting();
    });
  }

  #commitWaiting(): void {
    if (this.#waiting.length === 0) return;
    const refusal = this.#refusal();
    if (refusal !== null) {
      for (const one of this.#waiting.splice(0)) one.done(refusal);
      return;
    }
    const group = this.#nextGroup();
    if (group.length === 0) return; // both halves are full: the flush calls again
    const started = performance.now();
    this.#commitGroup(group);
    if (this.#options.commitDelayMs > 0)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#options.commitDelayMs);
    this.#onCommit(performance.now() - started);
    this.#activeSince ??= performance.now();
    if (this.#waiting.length > 0) this.#planCommit();
  }

  #nextGroup(): WaitingAppend[] {
    const room = (): number => this.buffer.capacity - this.buffer.activeCount;
    if (this.#waiting[0].batch.count > room() && !this.#seal()) return [];
    let points = 0;
    let length = 0;
    for (const { batch } of this.#waiting) {
      if (length > 0 && (points + batch.count > COMMIT_POINTS || points + batch.count > room())) break;
      points += batch.count;
      length++;
    }
    return this.#waiting.splice(0, length);
  }

  #commitGroup(group: readonly WaitingAppend[]): void {
    try {
      const results = this.#intake.commit(group.map((one) => one.batch));
      for (let i = 0; i < group.length; i++) group[i].done(results[i]);
    } catch (error) {
      if (error instanceof AuspexError && group.length > 1) {
        // one batch is at fault: the others must not suffer for it
        for (const one of group) this.#commitGroup([one]);
        return;
      }
      const failure = this.#failure(error);
      for (const one of group) one.done(failure);
    }
  }

  #failure(error: unknown): AuspexError {
    if (error instanceof AuspexError) return error;
    if (isFull(error)) {
      this.#fullUntil = performance.now() + FULL_PAUSE_MS;
      return storeFull(this.#options, 0);
    }
    const text = error instanceof Error ? error.message : String(error);
    return new AuspexError('STORE_FAILED', `The write-ahead in ${this.#options.home} cannot be written: ${text}.`);
  }

  /** Why nothing is taken in now, or null. Looks at the disk at most every 200 ms. */
  #refusal(): AuspexError | null {
    const now = performance.now();
    if (now < this.#fullUntil) return storeFull(this.#options, 0);
    if (now - this.#checkedAt >= 200) {
      this.#checkedAt = now;
      this.#accepting = freeBytes(this.#options.home) >= this.#options.minFreeBytes;
    }
    return this.#accepting ? null : storeFull(this.#options, freeBytes(this.#options.home));
  }

  /** Turns to the other half and starts to flush this one; false while the other is still being flushed. */
  #seal(): boolean {
    if (this.buffer.activeCount === 0) return true;
    if (this.buffer.sealedCount > 0) {
      this.#startFlush();
      return false;
    }
    this.buffer.seal();
    this.#sealedPosition = this.#intake.position;
    this.#activeSince = null;
    this.#startFlush();
    return true;
  }

  #startFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void this.#task('flush', () => this.#flush()).finally(() => {
      this.#flushing = false;
      this.#planCommit();
    });
  }

  *#flush(): Generator<void, void> {
    if (this.buffer.sealedCount === 0) return;
    const oldest = this.#clock === 0 ? -Infinity : dayOf(this.#clock - this.#options.retention.rawMs) * DAY_MS;
    const days = yield* flushSealed(this.buffer, this.#blocks.raw, oldest);
    this.#file.commit(() => {
      this.#file.set('flushed', this.#sealedPosition);
      this.#file.set('lastPoints', this.#intake.lastPoints());
      for (const day of days) if (this.#rolled.delete(day)) this.#file.setRolled(day, false);
    });
    this.#flushed = this.#sealedPosition;
    this.buffer.release();
    for (const day of days) this.#summarise(day);
    yield;
    for (const day of days) yield* this.#merge(day);
    yield* this.#forget();
  }

  *#merge(day: number): Generator<void, void> {
    for (;;) {
      const candidates = mergeCandidates(this.#blocks.raw.file(day)?.segments() ?? []);
      if (candidates.length === 0) return;
      yield* mergeSegments(this.#blocks.raw, day, candidates);
      this.#summarise(day);
    }
  }

  /** Removes write-ahead rows that blocks hold and the engine has covered; beyond an eighth of the quota without waiting for the engine. */
  *#forget(): Generator<void, void> {
    let upTo = Math.min(this.#flushed, this.#acknowledged);
    if (this.#file.rowBytes() > Math.max(64 << 20, this.#options.quotaBytes / 8) && upTo < this.#flushed) {
      upTo = this.#flushed;
      this.#onProblem(
        'The write-ahead passed an eighth of the quota before the engine covered it; its oldest part was dropped and will not be replayed. The points are in the blocks.',
        null,
      );
    }
    while (this.#file.forget(upTo, 256)) yield;
  }

  #summarise(day: number): void {
    const file = this.#blocks.raw.file(day);
    if (file !== undefined) this.#days.set(day, summarise(file.segments()));
  }

  acknowledge(position: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(position, this.#intake.position));
    if (this.#flushed > 0) void this.#task('forget', () => this.#forget());
  }

  /** Everything that is due at `now`. */
  async housekeep(now: number, flush: boolean): Promise<void> {
    this.#clock = now;
    this.#checkedAt = -Infinity;
    this.#refusal();
    const old = this.#activeSince !== null && performance.now() - this.#activeSince > FLUSH_AGE_MS;
    if (flush || old) {
      if (this.buffer.sealedCount > 0) this.#startFlush();
      await this.#tasks;
      this.#seal();
    } else if (this.buffer.sealedCount > 0) this.#startFlush();
    void this.#task('roll up', () => this.#rollUp(now));
    void this.#task('retention', () => this.#retain(now));
    await this.#task('forget', () => this.#forget());
  }

  *#rollUp(now: number): Generator<void, void> {
    for (const day of [...this.#days.keys()].sort((a, b) => a - b)) {
      if (this.#rolled.has(day) || (day + 1) * DAY_MS + ROLL_UP_DELAY_MS > now) continue;
      yield* this.#rollUpOne(day);
    }
  }

  *#rollUpOne(day: number): Generator<void, void> {
    yield* rollUpDay(this.#blocks, day);
    this.#file.commit(() => this.#file.setRolled(day, true));
    this.#rolled.add(day);
  }

  *#retain(now: number): Generator<void, void> {
    for (const day of expireBlocks(this.#blocks, this.#options.retention, now)) this.#forgetDay(day);
    yield;
    while (bytesUsed(this.#options.home, this.#blocks).total > this.#options.quotaBytes) {
      const victim = quotaVictim(this.#blocks, dayOf(now));
      if (victim === undefined) return;
      if (victim.kind === 'raw' && !this.#rolled.has(victim.day) && this.#refusal() === null)
        yield* this.#rollUpOne(victim.day);
      victim.folder.unlink(victim.day);
      if (victim.kind === 'raw') this.#forgetDay(victim.day);
      yield;
    }
  }

  #forgetDay(day: number): void {
    this.#days.delete(day);
    this.#lookups.forget(this.#lookups.pathOf(day));
  }

  /**
   * Ends once no task works on the files: none flushes, merges or removes anything until `resume`, for who copies them.
   * Commits go on while the buffer has room.
   * @throws AuspexError CONFLICT while somebody else holds them.
   */
  async hold(): Promise<void> {
    if (this.#held !== null) throw new AuspexError('CONFLICT', 'The files are being copied already.');
    let held: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      held = resolve;
    });
    const released = new Promise<void>((resolve) => {
      this.#held = resolve;
    });
    this.#tasks = this.#tasks.then(async () => {
      held();
      await released;
    });
    await begun;
  }

  resume(): void {
    this.#held?.();
    this.#held = null;
  }

  /** Runs a task after those before it, in slices between which commits go first. A failure is a problem, not an end. */
  #task(name: string, start: () => Generator<void, void>): Promise<void> {
    const run = async (): Promise<void> => {
      try {
        await this.#sliced(start());
      } catch (error) {
        if (isFull(error)) this.#fullUntil = performance.now() + FULL_PAUSE_MS;
        this.#onProblem(
          `The store could not ${name}: ${error instanceof Error ? error.message : String(error)}. It tries again.`,
          null,
        );
      }
    };
    this.#tasks = this.#tasks.then(run);
    return this.#tasks;
  }

  async #sliced(work: Generator<void, void>): Promise<void> {
    let until = performance.now() + SLICE_MS;
    while (work.next().done !== true) {
      if (performance.now() < until) continue;
      await new Promise((resolve) => setImmediate(resolve));
      until = performance.now() + SLICE_MS;
    }
  }

  #drain(work: Generator<void, void>): void {
    while (work.next().done !== true);
  }

  #storedPoints(refs: ReadonlySet<number>, from: number, to: number): PointSet {
    const found = new PointSet();
    const sorted = Uint32Array.from(refs).sort();
    for (const one of gatherPoints(this.buffer, this.#lookups, sorted, from, to)) {
      for (let i = 0; i < one.count; i++) {
        found.add(one.ref, one.columns.times[i], one.columns.bits[0][i * 2], one.columns.bits[0][i * 2 + 1]);
      }
    }
    return found;
  }

  /** A reader met a file that is damaged. */
  damaged(path: string, reason: string): void {
    for (const folder of [this.#blocks.raw, this.#blocks.fiveMinute, this.#blocks.hour]) {
      if (path.startsWith(folder.path)) folder.setAside(path, new Error(reason));
    }
    this.#lookups.forget(path);
    for (const day of this.#days.keys()) if (this.#blocks.raw.pathOf(day) === path) this.#days.delete(day);
  }

  stats(): Omit<MetricStoreStats, 'seriesCount'> {
    const { blocks, total } = bytesUsed(this.#options.home, this.#blocks);
    let blockPoints = 0;
    let oldest = this.#intake.oldestAt;
    let newest = this.#intake.newestAt;
    for (const day of this.#days.values()) {
      blockPoints += day.points;
      oldest = Math.min(oldest, day.minTime);
      newest = Math.max(newest, day.maxTime);
    }
    return {
      headPoints: this.buffer.activeCount + this.buffer.sealedCount,
      blockPoints,
      blockBytes: blocks,
      writeAheadBytes: this.#file.bytes(),
      totalBytes: total,
      quotaBytes: this.#options.quotaBytes,
      oldestAt: Number.isFinite(oldest) ? oldest : null,
      newestAt: Number.isFinite(newest) ? newest : null,
      accepting: this.#refusal() === null,
    };
  }

  /** Commits what waits, stops the rest; the write-ahead keeps what is not in blocks yet. */
  async close(): Promise<void> {
    this.resume();
    while (this.#waiting.length > 0) {
      const before = this.#waiting.length;
      this.#commitWaiting();
      if (this.#waiting.length === before) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#closed = true;
    await this.#tasks;
    for (const folder of [this.#blocks.raw, this.#blocks.fiveMinute, this.#blocks.hour, this.#lookups]) folder.close();
    this.#file.close();
  }
}

function hasFiles(path: string): boolean {
  return existsSync(path) && readdirSync(path).length > 0;
}

function storeFull(options: WriterOptions, free: number): AuspexError {
  const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;
  return new AuspexError(
    'STORE_FULL',
    `The disk that holds ${options.home} has ${mebibytes(free)} free; at least ${mebibytes(options.minFreeBytes)} are needed to take in samples.`,
    { data: { freeBytes: free, minFreeBytes: options.minFreeBytes, retryAfterSeconds: 10 } },
  );
}
