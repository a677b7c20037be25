import { readFileSync } from 'node:fs';
import type { Stack } from '../stack/stack.ts';
import { answers } from '../stack/plans.ts';

/** One second of one part, seen from beside it. */
export interface PartSecond {
  readonly at: number;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** The kernel's letter: `R`, `S`, `T` for stopped; null without a process. */
  readonly state: string | null;
  /** Answers its health check in time; null for a part without one. */
  readonly isHealthy: boolean | null;
  /** Its figures can be read; null for a part without any, or where nobody asked. */
  readonly isLit: boolean | null;
}

/** The second line of sight: looks at each part once a second, so that what a fault does can be told by part. */
export class PartWatch {
  readonly seconds = new Map<string, PartSecond[]>();
  readonly #stack: Stack;
  readonly #timer: NodeJS.Timeout;
  /** Figures are only asked for where a scenario is about them. */
  asksFigures = false;

  constructor(stack: Stack) {
    this.#stack = stack;
    for (const part of stack.parts) this.seconds.set(part.name, []);
    this.#timer = setInterval(() => void this.#look(), 1_000);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const at = Date.now();
    await Promise.all(
      this.#stack.parts.map(async (part) => {
        const pid = part.pid();
        const [isHealthy, isLit] = await Promise.all([
          part.healthUrl === null ? null : answers(part.healthUrl),
          part.metricsUrl === null || !this.asksFigures ? null : answers(part.metricsUrl),
        ]);
        this.seconds.get(part.name)?.push({ at, pid, state: pid === null ? null : stateOf(pid), isHealthy, isLit });
      }),
    );
  }
}

function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] ?? null;
  } catch {
    return null;
  }
}
