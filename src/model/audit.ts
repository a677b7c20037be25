/** Who did something: a signed-in person, the bearer of a token, Auspex itself, or nobody that is known. */
export interface Actor {
  readonly kind: 'user' | 'token' | 'process' | 'nobody';
  readonly name: string;
  /** The address that it came from; null for what this process did. */
  readonly source: string | null;
}

/**
 * How it went. `begun`: it was let through, and unless a later `failed` row names this one it was done. `done`: written
 * after the fact. `refused`: it was not let through.
 */
export const auditOutcomes = ['begun', 'done', 'failed', 'refused'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

export interface Act {
  readonly actor: Actor;
  /** What kind of act: `token.add`, `model.promote`. */
  readonly action: string;
  /** What it was done to; empty where the action says all. */
  readonly target?: string;
  /** `begun` unless told. */
  readonly outcome?: AuditOutcome;
  /** More, for who reads it later; what looks like a secret is taken out before it is written. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Where acts are written down before they are done. */
export interface AuditTrail {
  /**
   * Durable when it resolves; gives the row's number.
   * @throws AuspexError AUDIT_FAILED: the act must not be done.
   */
  record(act: Act): Promise<number>;
  /** For what strangers can cause as often as they like: beyond some a minute only their number is written. Never rejects. */
  recordBounded(act: Act): Promise<void>;
}

/** One row of the audit log. Texts, so that what is stored is exactly what the hash is of. */
export interface AuditRow {
  /** The row's number in the chain, from 1, in 16 digits. */
  readonly id: string;
  readonly at: number;
  readonly actorKind: string;
  readonly actor: string;
  readonly source: string | null;
  readonly action: string;
  readonly target: string;
  readonly outcome: string;
  /** JSON. */
  readonly detail: string;
  /** Which of the instance’s keys made the hash. */
  readonly keyId: string;
  /** The hash of the row before, 64 zeros for the first. */
  readonly previous: string;
  /** HMAC-SHA256 over all of the above, hex. */
  readonly hash: string;
}

/** What is wrong with a chain, at the first row where something is. */
export interface AuditFault {
  readonly kind: 'edited' | 'removed' | 'reordered' | 'cut' | 'unknown key';
  /** The first row that is not as it was written; for `removed` and `cut` the first one that is missing. */
  readonly seq: number;
  readonly detail: string;
}

export interface AuditReport {
  readonly rows: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** The last row’s number and hash: noted elsewhere, they prove later that nothing before was changed. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  readonly fault: AuditFault | null;
}

/** The state of the audit log in one sentence. */
export function auditSentence({ rows, firstAt, fault }: AuditReport): string {
  if (fault !== null) {
    const what = fault.kind === 'unknown key' ? 'cannot be proved' : 'is not whole';
    return `The audit log ${what}: ${fault.detail}`;
  }
  if (rows === 0 || firstAt === null) return 'Nothing has been recorded yet.';
  const since = new Date(firstAt).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return `${rows.toLocaleString('en-US')} ${rows === 1 ? 'act' : 'acts'} recorded since ${since}; the chain is whole.`;
}
