/** One step's inverse, written down before the step. */
export interface UndoEntry {
  readonly id: number;
  /** Runs as it stands, no shell; does no harm where the thing is gone or was never made. */
  readonly argv: readonly string[];
  /** False for what ends with the run's own processes anyway: a setting of its Redis, say. */
  readonly outlives: boolean;
}

export type LedgerLine = UndoEntry | { readonly done: number };

/**
 * What of a ledger is still to be undone, the last first. A last line that was cut off (the writer was killed in it)
 * does not count: its step had not begun.
 */
export function remaining(text: string): UndoEntry[] {
  const entries = new Map<number, UndoEntry>();
  for (const line of text.split('\n')) {
    const parsed = parse(line);
    if (parsed === null) continue;
    if ('done' in parsed) entries.delete(parsed.done);
    else entries.set(parsed.id, parsed);
  }
  return [...entries.values()].sort((a, b) => b.id - a.id);
}

function parse(line: string): LedgerLine | null {
  try {
    return JSON.parse(line) as LedgerLine;
  } catch {
    return null;
  }
}
