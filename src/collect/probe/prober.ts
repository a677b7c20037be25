import { setTimeout as delay } from 'node:timers/promises';
import { AuspexError } from '../../errors.ts';
import type { Clock, Collector, CollectorEvent, CollectorHealth, Emission, HealthCheck } from '../../model/index.ts';
import { labelsFrom, METRIC_NAME } from '../../model/index.ts';
import type { Outbound } from '../../platform/outbound.ts';

/** A service that is asked, or asks to be. */
export interface Probed {
  readonly name: string;
  readonly check: HealthCheck | null;
  /** The program's own word, where the check is its callback. */
  readonly isWell?: () => boolean | Promise<boolean>;
  /** Its figures, read with each check. */
  readonly metrics?: () => Promise<readonly Emission[]>;
  readonly metricsMs?: number;
}

export interface ProberOptions {
  /** Whom to ask now. */
  readonly services: () => readonly Probed[];
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

interface Answer {
  readonly isWell: boolean;
  readonly status: number | null;
  readonly seconds: number;
}

const LOOK_MS = 500;
/** What a program gives and answers is waited for this long. */
const CALLBACK_MS = 10_000;
/** So many are asked at once. */
const AT_ONCE = 20;
const REDIRECTS = 5;

/**
 * Asks registered services whether they are well, each at its own interval and with its time limit, and reads the figures that programs
 * give: blackbox_exporter's names (`probe_success`, `probe_duration_seconds`, `probe_http_status_code`), under the service's name as job.
 * A service is never asked twice at once; one that is still being asked when it is due is left out.
 */
export class Prober implements Collector {
  readonly name = 'probe';
  readonly #options: ProberOptions;
  readonly #due = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #faults = new Map<string, string>();
  #lastAt: number | null = null;
  #samples = 0;
  #since: number;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  get isUsed(): boolean {
    return this.#lastAt !== null;
  }

  health(): CollectorHealth {
    return {
      name: this.name,
      state: this.#faults.size === 0 ? 'ok' : 'degraded',
      since: this.#since,
      problems: [...this.#faults.values()],
      lastCollectionAt: this.#lastAt,
      lastDurationMs: null,
      samplesPerCollection: this.#samples,
    };
  }

  async start(emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#forget();
      for (const service of this.#options.services()) {
        this.#begin(`check ${service.name}`, service.check?.intervalMs, () => this.#check(service, emit, signal));
        this.#begin(`metrics ${service.name}`, service.metricsMs, () => this.#read(service, emit));
      }
      // An abort ends the wait; the loop looks at the signal.
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What was wrong with those that are no longer asked. */
  #forget(): void {
    const names = new Set(this.#options.services().map(({ name }) => name));
    for (const kept of [this.#due, this.#faults])
      for (const key of kept.keys()) if (!names.has(key.replace(/^\w+ /, ''))) kept.delete(key);
  }

  #isAsked(name: string): boolean {
    return this.#options.services().some((one) => one.name === name);
  }

  #begin(key: string, intervalMs: number | undefined, work: () => Promise<void>): void {
    const now = this.#options.clock.now();
    if (intervalMs === undefined || this.#running.has(key) || this.#running.size >= AT_ONCE) return;
    if (now < Math.min(this.#due.get(key) ?? 0, now + intervalMs)) return;
    this.#due.set(key, now + intervalMs);
    this.#running.add(key);
    void work()
      .then(
        () => this.#faults.delete(key),
        (thrown: unknown) => this.#name(key, AuspexError.from(thrown).message),
      )
      .finally(() => this.#running.delete(key));
  }

  /** Each fault once, as long as it stays the same. */
  #name(key: string, reason: string): void {
    const fault = `${key.replace(/^(\w+) /, '$1 of ')}: ${reason}`;
    if (this.#faults.get(key) !== fault)
      this.#options.log.warn({ problem: fault }, 'A registered service could not be read');
    if (this.#faults.size === 0) this.#since = this.#options.clock.now();
    this.#faults.set(key, fault);
  }

  async #check(service: Probed, emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { check, name } = service;
    if (check === null || (check.kind === 'callback' && service.isWell === undefined)) return;
    const answer = await this.#ask(service, check, signal);
    // An answer of one that was removed meanwhile would bring it back.
    if (signal.aborted || !this.#isAsked(name)) return;
    const at = this.#options.clock.now();
    const instance = check.kind === 'callback' ? name : check.target;
    const sample = (metric: string, value: number): Emission => ({
      labels: labelsFrom([
        [METRIC_NAME, metric],
        ['instance', instance],
        ['job', name],
      ]),
      kind: 'gauge',
      at,
      value,
    });
    await this.#emit(emit, [
      sample('probe_success', answer.isWell ? 1 : 0),
      sample('probe_duration_seconds', answer.seconds),
      ...(answer.status === null ? [] : [sample('probe_http_status_code', answer.status)]),
    ]);
  }

  async #ask(service: Probed, check: HealthCheck, signal: AbortSignal): Promise<Answer> {
    const { clock, outbound } = this.#options;
    const started = clock.monotonic();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs)]);
    let status: number | null = null;
    let isWell = false;
    try {
      if (check.kind === 'http') {
        const answer = await outbound.open(check.target, { purpose: check.by, signal: limit, redirects: REDIRECTS });
        status = answer.status;
        isWell = status < 400;
        await answer.body.dump().catch(() => undefined);
      } else if (check.kind === 'tcp') {
        const { host, port } = splitTarget(check.target);
        await outbound.reach(host, port, { purpose: check.by, signal: limit });
        isWell = true;
      } else {
        isWell = await within(check.timeoutMs, Promise.resolve(service.isWell?.() ?? false));
      }
    } catch (thrown) {
      // That it may not be called at all is no word on how it is.
      const error = AuspexError.from(thrown);
      if (error.code === 'OUTBOUND_REFUSED') throw error;
    }
    return { isWell, status, seconds: (clock.monotonic() - started) / 1000 };
  }

  async #read({ name, metrics }: Probed, emit: (event: CollectorEvent) => Promise<void>): Promise<void> {
    if (metrics === undefined) return;
    const samples = await within(CALLBACK_MS, metrics());
    if (samples.length > 0 && this.#isAsked(name)) await this.#emit(emit, samples);
  }

  async #emit(emit: (event: CollectorEvent) => Promise<void>, samples: readonly Emission[]): Promise<void> {
    this.#lastAt = this.#options.clock.now();
    this.#samples = samples.length;
    await emit({ kind: 'samples', samples });
  }
}

/** `host:port`. Throws BAD_REQUEST for anything else. */
export function splitTarget(target: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(target) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new AuspexError('BAD_REQUEST', `“${target}” is no host and port; write db.example:5432.`);
  return { host, port: Number(port) };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work,
      delay(ms, undefined, { signal: over.signal }).then(() => {
        throw new AuspexError('TIMEOUT', `The program did not answer within ${ms / 1000} s.`);
      }),
    ]);
  } finally {
    over.abort();
    work.catch(() => undefined);
  }
}
