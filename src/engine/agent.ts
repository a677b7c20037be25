import { setTimeout as delay } from 'node:timers/promises';
import {
  type Collector,
  type CollectorEvent,
  type Emission,
  type Labels,
  HOST_EVENT_METRIC,
  labelsFrom,
  type Spool,
  type SpoolRecord,
} from '../model/index.ts';
import type { Logger } from '../telemetry/log.ts';

/** How an agent introduces its host: the body of POST /api/agents. */
export interface AgentIntroduction {
  readonly machineId: string;
  readonly hostname: string;
  readonly version: string;
  readonly timeZone: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The server's answer. `instance` is the label under which it knows this host. */
export interface AgentEnrolment {
  readonly agentId: string;
  readonly entityId: string;
  readonly instance: string;
  readonly intervalSeconds: number;
}

export interface AgentOptions {
  readonly collector: Collector;
  readonly spool: Spool;
  readonly version: string;
  /** The `instance` label that the collector writes. */
  readonly instance: string;
  /** Introduces the host; tries until it succeeds, rejects only on abort. */
  readonly enrol: (introduction: AgentIntroduction, signal: AbortSignal) => Promise<AgentEnrolment>;
  /** Delivers one record; tries until the server has taken it or refused it for good, rejects only on abort. */
  readonly send: (
    bytes: Uint8Array,
    signal: AbortSignal,
  ) => Promise<{ readonly outcome: 'delivered' } | { readonly outcome: 'dropped'; readonly reason: string }>;
  readonly encode: (samples: readonly Emission[]) => Uint8Array;
  /** A record with its `instance` label replaced. */
  readonly relabel: (bytes: Uint8Array, instance: string) => Uint8Array;
  readonly onEnrolled?: (enrolment: AgentEnrolment) => void;
  readonly log?: Logger;
  /** For tests: waiting between tries to write the spool. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export { HOST_EVENT_METRIC };

/** Counter of an agent: samples that it could not keep, since it started. */
const DROPPED_METRIC = 'auspex_agent_dropped_samples_total';
const PEEK = 16;
const SPOOL_TRIES = 3;
const SPOOL_WAIT_MS = 1_000;

/**
 * Runs a collector for a server elsewhere until the signal. Everything goes through the spool: it is on disk before it is
 * sent and is removed only after the server has it. Killed between the two, it is sent again, and the server leaves out
 * what it has (same series, time and value). Old records are sent as readily as new ones, oldest first.
 * Weak: a spool that cannot be written loses that collection (logged); a full one loses the oldest.
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const agent = new Agent(options, signal);
  await agent.run();
}

class Agent {
  readonly #options: AgentOptions;
  readonly #signal: AbortSignal;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #arrivals = new Arrivals();
  #delivery: Promise<void> | null = null;
  #dropped = 0;
  /** Records that the spool had given up when last looked at, and samples in a record. */
  #recordsDropped = 0;
  #samplesARecord = 0;
  readonly #droppedLabels: Labels;

  constructor(options: AgentOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#sleep = options.sleep ?? sleep;
    this.#droppedLabels = labelsFrom([
      ['__name__', DROPPED_METRIC],
      ['instance', options.instance],
      ['job', 'auspex'],
    ]);
  }

  async run(): Promise<void> {
    const wake = () => this.#arrivals.notify();
    this.#signal.addEventListener('abort', wake, { once: true });
    try {
      await this.#options.collector.start((event) => this.#receive(event), this.#signal);
    } finally {
      this.#signal.removeEventListener('abort', wake);
      wake();
      await this.#delivery;
    }
  }

  async #receive(event: CollectorEvent): Promise<void> {
    switch (event.kind) {
      case 'entity':
        this.#delivery ??= this.#deliver({
          machineId: event.entity.stableId,
          hostname: event.entity.name,
          version: this.#options.version,
          timeZone: event.entity.timeZone,
          attributes: event.entity.attributes,
        });
        return;
      case 'event':
        return this.#keep([hostEvent(event, this.#options.instance)]);
      case 'changes':
        // A host's collector tells none; those that do have a way of their own.
        return;
      case 'samples':
        return this.#keep([...event.samples, ...this.#countDropped(event.samples)]);
    }
  }

  /** The spool counts records; each is a collection, and those are of nearly one size. */
  #countDropped(samples: readonly Emission[]): readonly Emission[] {
    const at = samples[0]?.at;
    if (at === undefined) return [];
    const records = this.#options.spool.stats().dropped;
    this.#dropped += (records - this.#recordsDropped) * (this.#samplesARecord || samples.length);
    this.#recordsDropped = records;
    this.#samplesARecord = samples.length;
    return [{ labels: this.#droppedLabels, kind: 'counter', at, value: this.#dropped }];
  }

  async #keep(samples: readonly Emission[]): Promise<void> {
    if (samples.length === 0) return;
    const bytes = this.#options.encode(samples);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#options.spool.append(bytes);
        this.#arrivals.notify();
        return;
      } catch (error) {
        if (attempt === SPOOL_TRIES || this.#signal.aborted) {
          this.#dropped += samples.length;
          this.#options.log?.error(
            { err: error, samples: samples.length, droppedSinceStart: this.#dropped },
            'The spool cannot be written; these samples are lost. Check space and rights of the home folder',
          );
          return;
        }
        await this.#sleep(SPOOL_WAIT_MS, this.#signal);
      }
    }
  }

  /** Enrols, then empties the spool as it fills. Ends with the signal and never rejects: collecting goes on without it. */
  async #deliver(introduction: AgentIntroduction): Promise<void> {
    try {
      const enrolment = await this.#options.enrol(introduction, this.#signal);
      this.#options.log?.info({ entityId: enrolment.entityId, instance: enrolment.instance }, 'Enrolled');
      this.#options.onEnrolled?.(enrolment);
      while (!this.#signal.aborted) await this.#empty(enrolment.instance);
    } catch (error) {
      if (!this.#signal.aborted)
        this.#options.log?.error({ err: error }, 'Enrolment failed; the spool keeps what comes');
    }
  }

  /** One round; a spool that cannot be read is tried again, for what is in it must not be given up. */
  async #empty(instance: string): Promise<void> {
    try {
      const seen = this.#arrivals.count;
      const records = await this.#options.spool.peek(PEEK);
      if (records.length === 0) await this.#arrivals.after(seen, this.#signal);
      for (const record of records) await this.#deliverOne(record, instance);
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#options.log?.error({ err: error }, 'Delivery from the spool failed; it is tried again');
      await this.#sleep(SPOOL_WAIT_MS, this.#signal);
    }
  }

  async #deliverOne(record: SpoolRecord, instance: string): Promise<void> {
    let bytes = record.bytes;
    if (instance !== this.#options.instance) {
      try {
        bytes = this.#options.relabel(bytes, instance);
      } catch (error) {
        this.#options.log?.error({ err: error, record: record.id }, 'A spooled record is damaged and is dropped');
        await this.#options.spool.remove([record.id]);
        return;
      }
    }
    await this.#options.send(bytes, this.#signal);
    // Delivered, or refused for good: the sender has said why.
    await this.#options.spool.remove([record.id]);
  }
}

/** Lets the delivery sleep until something new is spooled, without missing what came while it looked. */
class Arrivals {
  count = 0;
  #waiting: (() => void)[] = [];

  notify(): void {
    this.count++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  async after(seen: number, signal: AbortSignal): Promise<void> {
    if (this.count !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function hostEvent(event: Extract<CollectorEvent, { kind: 'event' }>, instance: string): Emission {
  const labels = labelsFrom([
    ['__name__', HOST_EVENT_METRIC],
    ['instance', instance],
    ['job', 'auspex'],
    ['type', event.type],
  ]);
  return { labels, kind: 'gauge', at: event.at, value: 1 };
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait; the caller looks at the signal.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
