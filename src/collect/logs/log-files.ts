import { glob } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Clock,
  type Collector,
  type CollectorEvent,
  type CollectorHealth,
  type ErrorEvent,
  type Labels,
  labelsFrom,
  LOG_RECORDS_METRIC,
  METRIC_NAME,
} from '../../model/index.ts';
import { type FilePosition, FollowedFile } from './follow-file.ts';
import type { LogCounts } from './log-counts.ts';
import { LineReader, type LogRecord } from './read-line.ts';

/** Files of one service. */
export interface LogSource {
  /** Globs. */
  readonly files: readonly string[];
  readonly service: string;
  readonly instance: string;
}

/** How far each file was read, by path; kept over restarts. */
export interface LogPositions {
  load(): Promise<Readonly<Record<string, FilePosition>>>;
  save(positions: Readonly<Record<string, FilePosition>>): Promise<void>;
}

const TURN_MS = 1_000;
/** Turns between two looks for new files and between two notes of how far each was read. */
const LOOK_TURNS = 10;
const MOST_FILES = 500;
const BEHIND_BYTES = 64 << 20;
/** What a record says of its time counts within this, else the time at which it was read. */
const NEAR_MS = 86_400_000;

interface Followed {
  readonly file: FollowedFile;
  readonly reader: LineReader;
  readonly labels: Labels;
  /** Until it was once read to its end: what stands there came while Auspex was away, unless it says another time. */
  isCatchingUp: boolean;
  fault: string | null;
}

/**
 * Reads log files as they grow: counts records by severity and gives the errors. What was there before the first start is not read; after a restart
 * reading goes on where it ended (killed: with up to ten seconds twice): what came meanwhile is kept, but it is not counted as of now.
 */
export class LogFiles implements Collector {
  readonly name = 'log-files';
  readonly #sources: readonly LogSource[];
  readonly #counts: LogCounts;
  readonly #onErrors: (errors: readonly ErrorEvent[]) => void;
  readonly #positions: LogPositions;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #followed = new Map<string, Followed>();
  readonly #problems = new Map<string, string>();
  #known: Readonly<Record<string, FilePosition>> = {};
  #isFirstLook = true;
  #isRunning = false;
  #lastAt: number | null = null;
  #lastMs: number | null = null;
  #records = 0;

  constructor(options: {
    readonly sources: readonly LogSource[];
    readonly counts: LogCounts;
    readonly onErrors: (errors: readonly ErrorEvent[]) => void;
    readonly positions: LogPositions;
    readonly clock: Clock;
  }) {
    this.#sources = options.sources;
    this.#counts = options.counts;
    this.#onErrors = options.onErrors;
    this.#positions = options.positions;
    this.#clock = options.clock;
    this.#since = options.clock.now();
  }

  /** Samples come from the counters: nothing is emitted here. */
  async start(_emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    this.#known = await this.#positions.load();
    for (let turn = 0; !signal.aborted; turn++) {
      const from = this.#clock.monotonic();
      if (turn % LOOK_TURNS === 0) await this.#look();
      this.#records = 0;
      for (const one of this.#followed.values()) await this.#read(one);
      if (turn % LOOK_TURNS === LOOK_TURNS - 1) await this.#note();
      this.#lastAt = this.#clock.now();
      this.#lastMs = this.#clock.monotonic() - from;
      await delay(TURN_MS, undefined, { signal }).catch(() => {});
    }
    await this.#note();
    for (const { file } of this.#followed.values()) await file.close();
    this.#followed.clear();
    this.#isRunning = false;
  }

  health(): CollectorHealth {
    const problems = [...this.#problems.values(), ...[...this.#followed.values()].flatMap(({ fault }) => fault ?? [])];
    return {
      name: this.name,
      state: !this.#isRunning ? 'stopped' : problems.length === 0 ? 'ok' : 'degraded',
      since: this.#since,
      problems: problems.slice(0, 20),
      lastCollectionAt: this.#lastAt,
      lastDurationMs: this.#lastMs,
      samplesPerCollection: this.#records,
    };
  }

  /** Finds files, and lets go of those that are gone. */
  async #look(): Promise<void> {
    const found = new Set<string>();
    for (const source of this.#sources) {
      for (const pattern of source.files) {
        let count = 0;
        for await (const path of glob(pattern)) {
          count++;
          found.add(path);
          if (this.#followed.has(path)) continue;
          if (this.#followed.size < MOST_FILES) await this.#follow(path, source);
          else this.#problems.set('many', `more than ${MOST_FILES} log files: the rest is not read; name fewer`);
        }
        const hint = 'check the path, and whether Auspex may list its folder';
        if (count > 0) this.#problems.delete(pattern);
        else this.#problems.set(pattern, `no log file is named ${pattern}: ${hint}`);
      }
    }
    for (const [path, { file }] of this.#followed) {
      if (found.has(path)) continue;
      this.#followed.delete(path);
      await file.close();
    }
    this.#isFirstLook = false;
  }

  async #follow(path: string, { service, instance }: LogSource): Promise<void> {
    const labels = labelsFrom([
      [METRIC_NAME, LOG_RECORDS_METRIC],
      ['instance', instance],
      ['job', service],
    ]);
    const reader = new LineReader();
    const take = (line: string): void => this.#take(one, reader.take(line));
    const isCatchingUp = this.#isFirstLook;
    const one: Followed = { file: new FollowedFile(path, take), reader, labels, isCatchingUp, fault: null };
    this.#followed.set(path, one);
    try {
      await one.file.begin(this.#known[path], !this.#isFirstLook);
    } catch (thrown) {
      one.fault = unread(path, thrown);
    }
  }

  async #read(one: Followed): Promise<void> {
    // That there are no errors is a value, too.
    this.#counts.add(one.labels, [['severity', 'error']], 0);
    try {
      await one.file.read();
      this.#take(one, one.reader.end());
      const behind = one.file.behindBytes;
      if (behind === 0) one.isCatchingUp = false;
      const megabytes = Math.round(behind / 2 ** 20);
      one.fault =
        behind < BEHIND_BYTES ? null : `${one.file.path} grows faster than it is read: ${megabytes} MB are waiting`;
    } catch (thrown) {
      one.fault = unread(one.file.path, thrown);
    }
  }

  #take({ labels, isCatchingUp }: Followed, record: LogRecord | null): void {
    if (record === null) return;
    this.#records++;
    const { severity, type, code } = record;
    const isPast = isCatchingUp && (record.at === null || record.at < this.#since);
    this.#counts.add(labels, [['severity', severity ?? 'unspecified']], isPast ? 0 : 1);
    const isError = severity === 'error' || severity === 'fatal' || type !== '' || (severity === 'warn' && code !== '');
    if (!isError) return;
    const now = this.#clock.now();
    const at = record.at !== null && Math.abs(now - record.at) < NEAR_MS ? Math.min(record.at, now) : now;
    const { component, message, stack } = record;
    this.#onErrors([{ at, labels, component, type, code, message, stack, isPast }]);
  }

  async #note(): Promise<void> {
    const positions: Record<string, FilePosition> = {};
    for (const [path, { file }] of this.#followed) if (file.position.file !== '') positions[path] = file.position;
    if (JSON.stringify(positions) === JSON.stringify(this.#known)) return;
    try {
      await this.#positions.save(positions);
      this.#known = positions;
      this.#problems.delete('positions');
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#problems.set('positions', `how far log files were read is not noted: ${reason}`);
    }
  }
}

function unread(path: string, thrown: unknown): string {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return `${path} is not read: ${reason}`;
}
