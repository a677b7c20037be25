import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';

export interface TimeEvent {
  readonly type: 'reboot' | 'resume' | 'clock-step' | 'gap';
  readonly at: number;
  readonly detail: string;
}

export interface Passage {
  /** Since the last reading; 0 when no rate may be computed across it. */
  readonly elapsedSeconds: number;
  readonly events: readonly TimeEvent[];
}

/** What three clocks and the boot's name said at one moment; `bootMs` counts suspended time too, `monotonicMs` does not. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly bootMs: number;
  readonly bootId: string;
}

const SUSPENDED_MS = 2_000;
const STEPPED_MS = 2_000;
/** A host that came up this short ago is reported as just booted when collection begins. */
const JUST_BOOTED_MS = 600_000;
/** Later than this many intervals is a gap. */
const GAP_INTERVALS = 2.5;

/** Tells reboot, suspension, clock steps and gaps apart by comparing clocks from one collection to the next. */
export class Timekeeper {
  #last: ClockReading | null = null;

  /** O(1). `intervalMs` is how far apart readings should be. */
  advance(now: ClockReading, intervalMs: number): Passage {
    const last = this.#last;
    this.#last = now;
    if (last === null) {
      const bootedAt = Math.round(now.wallMs - now.bootMs);
      const isFresh = now.bootMs === now.bootMs && now.bootMs < JUST_BOOTED_MS;
      return { elapsedSeconds: 0, events: isFresh ? [reboot(bootedAt, now.bootMs)] : [] };
    }
    if (now.bootId !== last.bootId || now.bootMs < last.bootMs) {
      return { elapsedSeconds: 0, events: [reboot(Math.round(now.wallMs - now.bootMs), now.bootMs)] };
    }
    const elapsedMs = now.monotonicMs - last.monotonicMs;
    // Without /proc/uptime suspension cannot be told from a clock step; both then show as a step.
    const bootElapsedMs =
      now.bootMs === now.bootMs && last.bootMs === last.bootMs ? now.bootMs - last.bootMs : elapsedMs;
    const suspendedMs = bootElapsedMs - elapsedMs;
    const stepMs = now.wallMs - last.wallMs - Math.max(bootElapsedMs, elapsedMs);
    const events: TimeEvent[] = [];
    const event = (type: TimeEvent['type'], detail: string) =>
      events.push({ type, at: Math.round(now.wallMs), detail });
    const isSuspended = suspendedMs > SUSPENDED_MS;
    if (isSuspended) event('resume', `the host was suspended for ${seconds(suspendedMs)}`);
    if (Math.abs(stepMs) > STEPPED_MS) {
      event('clock-step', `the clock was set ${stepMs > 0 ? 'forward' : 'back'} by ${seconds(Math.abs(stepMs))}`);
    }
    const isGap = elapsedMs > intervalMs * GAP_INTERVALS;
    if (isGap) event('gap', `nothing was collected for ${seconds(elapsedMs)} (interval ${seconds(intervalMs)})`);
    return { elapsedSeconds: isSuspended || isGap || elapsedMs <= 0 ? 0 : elapsedMs / 1000, events };
  }
}

function reboot(at: number, upMs: number): TimeEvent {
  return { type: 'reboot', at, detail: `the host started ${seconds(upMs)} ago` };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

/** Reads /proc/uptime and the boot's id. */
export class BootClock {
  readonly #uptime: ProcFile;
  readonly #bootId: ProcFile;
  readonly #scratch: Scratch;

  constructor(root: string, scratch: Scratch) {
    this.#uptime = new ProcFile(`${root}proc/uptime`);
    this.#bootId = new ProcFile(`${root}proc/sys/kernel/random/boot_id`);
    this.#scratch = scratch;
  }

  /** ms since boot, suspended time included; NaN when it cannot be read. */
  uptimeMs(): number {
    return this.#uptime.read(this.#scratch) ? new Cursor(this.#scratch).number() * 1000 : Number.NaN;
  }

  bootId(): string {
    return this.#bootId.read(this.#scratch) ? new Cursor(this.#scratch).word() : '';
  }

  close(): void {
    this.#uptime.close();
    this.#bootId.close();
  }
}
