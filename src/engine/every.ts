import { AuspexError } from '../errors.ts';
import type { Logger } from '../telemetry/log.ts';

/** Calls `call` every `ms` until the function given back is called: the system's timers, or a virtual time's. */
export type Repeat = (ms: number, call: () => Promise<void>) => () => void;

const systemRepeat: Repeat = (ms, call) => {
  const timer = setInterval(() => void call(), ms);
  return () => clearInterval(timer);
};

export interface Repeated {
  /** Runs it now, or again once the run under way has ended. */
  now(): Promise<void>;
  /** Resolves when no run is under way. */
  idle(): Promise<void>;
  /** Stops and waits for a run under way. */
  stop(): Promise<void>;
  /** What the last run failed with; null when it went well. */
  fault(): AuspexError | null;
}

/** Runs `work` again and again, never twice at once; a failure is logged once as long as it stays the same, and does not end it. */
export function every(
  ms: number,
  name: string,
  log: Logger,
  work: () => Promise<void> | void,
  repeat: Repeat = systemRepeat,
): Repeated {
  let running: Promise<void> | null = null;
  let fault: AuspexError | null = null;
  const run = async (): Promise<void> => {
    const started = performance.now();
    try {
      await work();
      if (fault !== null) log.info({ task: name }, 'works again');
      fault = null;
    } catch (thrown) {
      const error = AuspexError.from(thrown);
      if (fault?.message !== error.message) log.error({ task: name, code: error.code, err: error }, error.message);
      fault = error;
    }
    const took = performance.now() - started;
    if (took > 1000) log.warn({ task: name, durationMs: Math.round(took) }, 'slow operation');
  };
  const once = (): Promise<void> => {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
  const end = repeat(ms, once);
  return {
    now: async () => {
      await running;
      await once();
    },
    idle: async () => {
      while (running !== null) await running;
    },
    stop: async () => {
      end();
      await running;
    },
    fault: () => fault,
  };
}
