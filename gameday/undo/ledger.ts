import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATH, run } from '../stack/execute.ts';
import type { UndoEntry } from './entries.ts';

/** Longest that one inverse may take. */
const UNDO_MS = 20_000;

/**
 * What was done to the machine and how it is taken back. `add` writes the inverse before the step is done; `undoTo` takes
 * back, the last first, what was added since a mark. A process of its own, the reaper, does the same at the end of this one
 * for what is left, however it ended: it waits at a pipe that only this process holds.
 */
export class UndoLedger {
  readonly #file: number;
  readonly #open: UndoEntry[] = [];
  readonly #letGo: () => void;
  #next = 0;
  #isClosed = false;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'a');
    const reaper = spawn(process.execPath, [fileURLToPath(new URL('reaper.ts', import.meta.url)), path], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH },
      cwd: '/',
    });
    reaper.unref();
    reaper.stdin.on('error', () => {});
    (reaper.stdin as unknown as { unref(): void }).unref();
    this.#letGo = () => reaper.stdin.end();
  }

  /** Writes an inverse down. What `outlives` is false ends with the run's processes: the reaper leaves it out. */
  add(argv: readonly string[], outlives = true): void {
    if (this.#isClosed) throw new Error('The run is over: nothing more is done.');
    const entry: UndoEntry = { id: this.#next++, argv, outlives };
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#open.push(entry);
  }

  /** All that is added from now on is undone by `undoTo` of this mark. */
  mark(): number {
    return this.#next;
  }

  /** Takes back what was added since the mark, the last first, whatever fails. Resolves with what could not be undone. */
  async undoTo(mark: number): Promise<string[]> {
    const failures: string[] = [];
    for (let entry = this.#open.at(-1); entry !== undefined && entry.id >= mark; entry = this.#open.at(-1)) {
      this.#open.pop();
      try {
        await run(entry.argv, { timeoutMs: UNDO_MS });
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
      // The folder with the ledger may be gone by now; its file is still open.
      writeSync(this.#file, `${JSON.stringify({ done: entry.id })}\n`);
    }
    return failures;
  }

  /** Takes everything back and lets the reaper go. */
  async close(): Promise<string[]> {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    const failures = await this.undoTo(0);
    closeSync(this.#file);
    this.#letGo();
    return failures;
  }
}
