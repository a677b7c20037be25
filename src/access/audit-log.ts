import { AuspexError } from '../errors.ts';
import {
  type Act,
  type AuditReport,
  type AuditRow,
  type AuditTrail,
  type Clock,
  type RecordAccess,
  type RecordStore,
  rowPages,
} from '../model/index.ts';
import type { Logger } from '../telemetry/log.ts';
import { AttemptMeter } from './attempt-meter.ts';
import { auditId, canonicalForm, type ChainHead, CUT_ACTION, FIRST_PREVIOUS, verifyChain } from './audit-chain.ts';
import { auditDetail, auditText } from './audit-detail.ts';
import { AuditHead } from './audit-head.ts';
import type { AuditKeys } from './audit-key.ts';

export interface AuditLogOptions {
  readonly records: RecordStore;
  readonly home: string;
  readonly keys: AuditKeys;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AuditHealth {
  readonly state: 'ok' | 'degraded';
  readonly since: number;
  readonly message: string;
  readonly remedy: string | null;
}

const AT_ONCE = 64;
/** How often a row is tried whose number another process took first. */
const MOST_TRIES = 20;

/** So many rows other processes may have written since the end was noted here. */
const MOST_AHEAD = 1_000_000_000;

/** Another process took the row’s number; the transaction is undone and tried again. */
class NumberTaken extends Error {}

interface Waiting {
  readonly act: Act;
  readonly done: (seq: number) => void;
  readonly refused: (error: AuspexError) => void;
}

/**
 * The audit log: acts in the order in which they were let through, each row hashed with the one before it. One append at a
 * time in this process, those that wait go in one transaction; between processes the row’s number decides, which only one can take.
 */
export class AuditLog implements AuditTrail {
  readonly #options: AuditLogOptions;
  readonly #startedAt: number;
  readonly #head: AuditHead;
  readonly #meter: AttemptMeter;
  #known: ChainHead | 'missing' | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #closed = false;
  /** Why the last act was refused; null once one was written again. */
  #refusal: { readonly message: string; readonly since: number } | null = null;
  /** When rows were found missing, by this process. */
  #cutAt: number | null = null;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#head = new AuditHead(options.home, options.keys);
    this.#meter = new AttemptMeter(options.clock, (act) => void this.#quietly(act));
  }

  record(act: Act): Promise<number> {
    return new Promise((done, refused) => {
      if (this.#closed) return refused(failed(act, new Error('the audit log is closed')));
      this.#waiting.push({ act, done, refused });
      this.#writing ??= this.#writeAll();
    });
  }

  async recordBounded(act: Act): Promise<void> {
    if (this.#meter.takes(act)) await this.#quietly(act);
  }

  /** Walks the whole chain. O(rows), read by pages. */
  async verify(): Promise<AuditReport> {
    const { keys } = this.#options;
    // The head before the rows: what is appended meanwhile only adds rows behind it.
    const head = await this.#head.read();
    return verifyChain(this.#rows(), keys, head);
  }

  /** As the status page shows it. */
  health(): AuditHealth {
    if (this.#refusal !== null)
      return {
        state: 'degraded',
        since: this.#refusal.since,
        message: `cannot be written (${this.#refusal.message}): changes are refused`,
        remedy: 'Remove the cause, a full disk most often; watching and alerting go on.',
      };
    if (this.#cutAt !== null)
      return {
        state: 'degraded',
        since: this.#cutAt,
        message: 'rows of it were missing when Auspex wrote to it',
        remedy:
          'Run `auspex audit verify`, keep a copy of the home folder, and compare with the last export or backup.',
      };
    return {
      state: 'ok',
      since: this.#startedAt,
      message: 'every change is written down before it is done',
      remedy: null,
    };
  }

  #tellOfCut(): void {
    this.#cutAt = this.#options.clock.now();
    this.#options.log.error('Rows of the audit log are missing: run `auspex audit verify`');
  }

  async close(): Promise<void> {
    this.#meter.close();
    await this.#writing;
    this.#closed = true;
    await this.#head.close();
  }

  async *#rows(): AsyncGenerator<AuditRow> {
    for await (const rows of rowPages(this.#options.records, 'audit_log')) yield* rows;
  }

  async #quietly(act: Act): Promise<void> {
    await this.record(act).catch((error: unknown) =>
      this.#options.log.error({ error }, 'An audit row was not written'),
    );
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, AT_ONCE);
      try {
        const numbers = await this.#append(some.map((one) => one.act));
        this.#refusal = null;
        some.forEach((one, i) => one.done(numbers[i] ?? 0));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#refusal = { message, since: this.#refusal?.since ?? this.#options.clock.now() };
        for (const one of some) one.refused(failed(one.act, error));
      }
    }
    // In the same turn as the last look at who waits: whoever comes after it starts anew.
    this.#writing = null;
  }

  async #append(acts: readonly Act[]): Promise<number[]> {
    this.#known ??= await this.#head.read();
    const known = this.#known;
    for (let tries = 1; ; tries++) {
      try {
        const written = await this.#options.records.transaction((access) => this.#insert(access, acts, known));
        const last = written.at(-1);
        if (last === undefined) return [];
        if (written.length > acts.length) this.#tellOfCut();
        this.#known = { seq: Number(last.id), hash: last.hash };
        await this.#head.write(this.#known);
        return written.slice(-acts.length).map((row) => Number(row.id));
      } catch (error) {
        if (!(error instanceof NumberTaken) || tries >= MOST_TRIES) throw error;
      }
    }
  }

  async #insert(
    access: RecordAccess,
    acts: readonly Act[],
    known: ChainHead | 'missing',
  ): Promise<readonly AuditRow[]> {
    const last = await lastRow(access, known);
    const missing = await missingFrom(access, last, known);
    const all = missing === null ? acts : [missing, ...acts];
    const made: AuditRow[] = [];
    for (const act of all) made.push(this.#rowOf(act, made.at(-1) ?? last));
    const inserted = await access.insertNew('audit_log', made);
    if (inserted.length !== made.length) throw new NumberTaken('another process was faster each time');
    return made;
  }

  #rowOf(act: Act, last: AuditRow | undefined): AuditRow {
    const { keys, clock } = this.#options;
    const row = {
      id: auditId(last === undefined ? 1 : Number(last.id) + 1),
      at: clock.now(),
      actorKind: act.actor.kind,
      actor: auditText(act.actor.name),
      source: act.actor.source === null ? null : auditText(act.actor.source),
      action: act.action,
      target: auditText(act.target ?? ''),
      outcome: act.outcome ?? 'begun',
      detail: auditDetail(act.detail),
      keyId: keys.current.id,
      previous: last?.hash ?? FIRST_PREVIOUS,
    };
    return { ...row, hash: keys.current.mac(canonicalForm(row)) };
  }
}

/**
 * The row at the end. Rows whose number is none, or beyond all that can have been written, are damage: after them nothing
 * could be appended any more.
 */
async function lastRow(access: RecordAccess, known: ChainHead | 'missing'): Promise<AuditRow | undefined> {
  const most = known === 'missing' ? Number.MAX_SAFE_INTEGER - 1 : known.seq + MOST_AHEAD;
  for (const limit of [1, AT_ONCE]) {
    const { rows } = await access.find('audit_log', { orderBy: 'id', descending: true, limit });
    const last = rows.find((row) => /^\d{16}$/.test(row.id) && Number(row.id) <= most);
    if (last !== undefined) return last;
  }
  return undefined;
}

/**
 * A row that tells of rows that are gone: without it the next append would make the chain look whole again. Null where
 * nothing is missing.
 */
async function missingFrom(
  access: RecordAccess,
  last: AuditRow | undefined,
  known: ChainHead | 'missing',
): Promise<Act | null> {
  const found = last === undefined ? 0 : Number(last.id);
  const tell = (detail: Record<string, unknown>): Act => ({
    actor: { kind: 'process', name: 'auspex', source: null },
    action: CUT_ACTION,
    outcome: 'done',
    detail: { lastFound: found, ...detail },
  });
  if (known === 'missing') return last === undefined ? null : tell({ headFile: 'missing or not genuine' });
  if (known.seq > found) return tell({ lastWritten: known.seq, lastHash: known.hash });
  const then = known.seq === found ? last : await access.get('audit_log', auditId(known.seq));
  return then?.hash === known.hash ? null : tell({ replaced: known.seq, lastHash: known.hash });
}

function failed(act: Act, cause: unknown): AuspexError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AuspexError(
    'AUDIT_FAILED',
    `“${act.action}” was not done, since it could not be written to the audit log first: ${reason}`,
    { cause },
  );
}
