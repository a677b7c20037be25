import { z } from 'zod';
import { serviceRegistration } from './api/contract/index.ts';
import { Prober, type Probed } from './collect/probe/prober.ts';
import type { Engine } from './engine/engine.ts';
import { AuspexError } from './errors.ts';
import {
  type Clock,
  type Emission,
  type HealthCheck,
  labelsFrom,
  METRIC_NAME,
  type SeriesKind,
} from './model/index.ts';
import type { Outbound } from './platform/outbound.ts';
import type { Logger } from './telemetry/log.ts';

/** One sample that a program gives: a gauge unless told otherwise. */
export interface ProgramSample {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** ms UTC; now unless told. */
  readonly at?: number;
  readonly kind?: SeriesKind;
}

/** A service as a program describes it. */
export interface ServiceOptions {
  readonly name: string;
  /** Its figures; they bear its name as `job` unless they have one. */
  readonly metrics?: () => readonly ProgramSample[] | Promise<readonly ProgramSample[]>;
  /** Whether it is well: an address that answers below 400, a port that opens, or your own word. An error or silence means no. */
  readonly check?:
    | { readonly kind: 'http' | 'tcp'; readonly target: string }
    | { readonly kind: 'callback'; readonly isWell: () => boolean | Promise<boolean> };
  /** Seconds between two questions for figures and health, 5 to 3600; 30 unless told. */
  readonly interval?: number;
  /** Seconds that an answer may take, 0.1 to 60; 5 unless told. */
  readonly timeout?: number;
  /** Names of services that it calls. */
  readonly dependencies?: readonly string[];
  /** Its metrics that tell how the business goes. */
  readonly business?: readonly string[];
  /** How it is started, stopped and scaled, in words or as a command: kept and shown, not run. */
  readonly start?: string;
  readonly stop?: string;
  readonly scale?: string;
}

/** Registered services are asked how they are. */
export interface ServiceProbes {
  readonly prober: Prober;
  /** Gives its id. @throws AuspexError BAD_REQUEST. */
  register(options: ServiceOptions): Promise<string>;
  /** Its program’s functions are not called any more, and it is removed. */
  unregister(id: string, name: string): Promise<void>;
}

export function createProbes(parts: {
  /** Null until it has started. */
  readonly engine: () => Engine | null;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
}): ServiceProbes {
  const { engine, outbound, clock, log } = parts;
  /** What only this program can say of its services. */
  const programs = new Map<string, Pick<Probed, 'isWell' | 'metrics' | 'metricsMs'>>();
  const running = (): Engine => {
    const now = engine();
    if (now === null) throw new AuspexError('BAD_REQUEST', 'Services are registered once Auspex has started.');
    return now;
  };
  const services = (): Probed[] =>
    (engine()?.services() ?? []).flatMap(({ row: { registration } }) =>
      registration === null
        ? []
        : [{ name: registration.name, check: registration.check, ...programs.get(registration.name) }],
    );
  return {
    prober: new Prober({ services, outbound, clock, log }),
    register: async (options) => {
      const { metrics, check } = options;
      const { name, dependencies, business, start, stop, scale, times } = parsed(options);
      programs.set(name, {
        ...(check?.kind === 'callback' ? { isWell: check.isWell } : {}),
        ...(metrics === undefined
          ? {}
          : {
              metricsMs: times.intervalMs,
              metrics: async () => (await metrics()).map((sample) => emissionOf(sample, name)),
            }),
      });
      const how: HealthCheck | null =
        check === undefined
          ? null
          : check.kind === 'callback'
            ? { kind: check.kind, ...times }
            : { kind: check.kind, target: check.target, ...times, by: 'configured' };
      const registration = { name, check: how, dependencies, start, stop, scale };
      const state = await running().registerService(registration, business);
      return state.row.id;
    },
    unregister: async (id, name) => {
      programs.delete(name);
      await running()
        .removeService(id)
        .catch((thrown: unknown) => {
          // Somebody else removed it already.
          if (AuspexError.from(thrown).code !== 'NOT_FOUND') throw thrown;
        });
    },
  };
}

/** By the rules of `POST /api/services`; a callback's times by those of an address's. */
function parsed(options: ServiceOptions) {
  const { check, interval, timeout, metrics: _metrics, ...rest } = options;
  const place =
    check === undefined || check.kind === 'callback'
      ? { kind: 'tcp', target: 'program:1' }
      : { kind: check.kind, target: check.target };
  const times = {
    ...(interval === undefined ? {} : { intervalSeconds: interval }),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
  };
  const read = serviceRegistration.safeParse({ ...rest, check: { ...place, ...times } });
  if (!read.success)
    throw new AuspexError('BAD_REQUEST', `The service cannot be registered: ${z.prettifyError(read.error)}`);
  const { intervalSeconds = 30, timeoutSeconds = 5 } = read.data.check ?? {};
  return { ...read.data, times: { intervalMs: intervalSeconds * 1000, timeoutMs: timeoutSeconds * 1000 } };
}

export function emissionOf(sample: ProgramSample, job?: string): Emission {
  const labels = { ...(job === undefined ? {} : { job }), ...sample.labels };
  return {
    labels: labelsFrom([...Object.entries(labels), [METRIC_NAME, sample.name]]),
    kind: sample.kind ?? 'gauge',
    at: Math.round(sample.at ?? Date.now()),
    value: sample.value,
  };
}
