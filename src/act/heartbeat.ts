import { AuspexError } from '../errors.ts';
import type { Clock } from '../model/index.ts';
import { type Outbound, placeOf } from '../platform/outbound.ts';
import { hideSecrets } from '../telemetry/hide.ts';
import type { Logger } from '../telemetry/log.ts';

export interface HeartbeatOptions {
  readonly url: string;
  readonly intervalMs: number;
  readonly method: 'GET' | 'POST';
  /** Asked before every beat: a sick engine stays silent, so that the switch elsewhere goes off. */
  readonly healthy: () => boolean;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HeartbeatStatus {
  readonly lastAt: number | null;
  readonly lastError: string | null;
}

export interface Heartbeat {
  start(): void;
  stop(): void;
  /** One beat; false when the engine is not well or the call failed. `start` does this by itself. */
  beat(): Promise<boolean>;
  status(): HeartbeatStatus;
}

/** Calls an address as long as Auspex is well. One call at a time; a failed one is logged once and not repeated before its time. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { url, intervalMs, method, healthy, outbound, clock, log } = options;
  const stopping = new AbortController();
  let lastAt: number | null = null;
  let lastError: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let beating = false;

  function fail(reason: string): false {
    const words = hideSecrets(reason);
    if (lastError !== words) log.warn({ error: words }, 'The outward heartbeat failed');
    lastError = words;
    return false;
  }

  async function beat(): Promise<boolean> {
    if (beating) return false;
    if (!healthy()) return fail('Not sent: Auspex is not well.');
    beating = true;
    try {
      const timeoutMs = Math.min(10_000, intervalMs);
      const answer = await outbound.request(url, { method, purpose: 'configured', timeoutMs, signal: stopping.signal });
      if (answer.status >= 300) return fail(`${placeOf(new URL(url))} answered HTTP ${answer.status}.`);
      lastAt = clock.now();
      lastError = null;
      return true;
    } catch (error) {
      return fail(AuspexError.from(error).message);
    } finally {
      beating = false;
    }
  }

  return {
    start() {
      void beat();
      timer = setInterval(() => void beat(), intervalMs);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
      stopping.abort();
    },
    beat,
    status: () => ({ lastAt, lastError }),
  };
}
