import { WARN_FROM, WARN_UNTIL } from '../decide/foreseen-rules.ts';
import type { ThresholdRule } from '../decide/threshold-rules.ts';
import {
  type Clock,
  type Entity,
  figureMetric,
  formatLabels,
  formatValue,
  type MetricStore,
  type Resource,
  type SeriesRef,
} from '../model/index.ts';
import type { Bottleneck } from '../predict/bottleneck.ts';
import { BOTTLENECK_HISTORY, BOTTLENECK_MINUTES, LOOKED_AT_FROM } from '../predict/bottleneck-evidence.ts';
import { LIMITED_FIGURES, type LimitedFigure, usualLimit } from '../predict/bottleneck-figures.ts';
import { bottleneckSentence } from '../predict/bottleneck-words.ts';
import { reaches, type Statement } from '../predict/ledger.ts';
import { steadyGrowth } from '../predict/steady-growth.ts';

import { bridged, byRef, lay, meansOf } from './foresight-values.ts';
import type { FollowedReading, HostBoard } from './host-board.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { TaskPool } from './task-pool.ts';

/** What is foreseen of one figure, as it was last looked at. */
export interface Foreseen {
  readonly entityId: string;
  /** `connections used`, `disk used /var`: as the ledger and the page name it. */
  readonly component: string;
  readonly resource: Resource;
  readonly unit: string;
  readonly limit: number;
  readonly severity: LimitedFigure['severity'];
  readonly advice: string;
  readonly value: number;
  readonly madeAt: number;
  /** Of passing the limit within 15 minutes; 0 where nothing speaks for it. */
  readonly probability: number;
  readonly found: Bottleneck | null;
  readonly sentence: string;
}

interface Target extends Pick<LimitedFigure, 'severity' | 'advice' | 'underTraffic'> {
  readonly component: string;
  readonly resource: Resource;
  readonly unit: string;
  readonly limit: number;
  readonly reading: FollowedReading;
}

export interface ForesightParts {
  readonly metrics: MetricStore;
  readonly board: HostBoard;
  readonly ledger: LedgerKeeper;
  readonly clock: Clock;
  readonly tasks: TaskPool;
  /** What has requests and runs on a host, as far as that is known. */
  readonly servedOn: (hostId: string) => readonly Entity[];
  /** What is in force: limits that people set are foreseen like those that are known. */
  readonly rules: () => readonly Pick<ThresholdRule, 'name' | 'unit' | 'resource' | 'watches'>[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A value older than this says nothing of the next minutes. */
const STALE_MS = 3 * MINUTE;
/** What was foreseen and is not any more is told so for as long. */
const KEPT_MS = 30 * MINUTE;
/** What is unlikely is looked at again after so long, or once it has risen by such a share of its limit. */
const UNLIKELY = 0.05;
const UNLIKELY_MS = 5 * MINUTE;
const RISEN = 0.03;
/** The day before is read in steps of a rollup: a few hundred points instead of thousands. */
const DAY_STEP = 5 * MINUTE;
const REQUEST_RATE = 'auspex_service_request_rate';

/** The ledger's name for what is foretold here, and its horizon. */
export const BOTTLENECK_TYPE = 'bottleneck';
export const BOTTLENECK_HORIZON_MS = BOTTLENECK_MINUTES * MINUTE;

/**
 * Bottlenecks of the next quarter of an hour, of every figure with a limit. Each minute those that use half of their limit
 * are looked at; a read of two hours and a millisecond on a pool thread each, nothing kept but what was last said.
 */
export class Foresight {
  readonly #parts: ForesightParts;
  readonly #said = new Map<string, Map<string, Foreseen>>();
  /** Learnt limits by series, and when they were. */
  readonly #usual = new Map<SeriesRef, { readonly limit: number | null; readonly at: number }>();

  constructor(parts: ForesightParts) {
    this.#parts = parts;
  }

  /** Looks at a host or service, and writes down what people are warned of. */
  async look(entity: Entity): Promise<void> {
    const now = this.#parts.clock.now();
    const before = this.#said.get(entity.id) ?? new Map<string, Foreseen>();
    const said = new Map<string, Foreseen>();
    const asked: Target[] = [];
    for (const target of await this.#targets(entity.id, now)) {
      const known = before.get(target.component);
      if (target.reading.value >= target.limit) said.set(target.component, passed(entity, target, known, now));
      else if (!isNear(target)) said.set(target.component, nothing(entity.id, target, now));
      else if (known === undefined || isDue(target, known, now)) asked.push(target);
      else said.set(target.component, known);
    }
    const found = await this.#foresee(asked, now);
    for (const [i, target] of asked.entries()) {
      const one = this.#say(entity, target, found[i] ?? null, now);
      said.set(target.component, await this.#underTraffic(one, target, before.get(target.component)));
    }
    // What has gone silent stays for a while: its warning is not over because nobody measures it.
    for (const [component, known] of before)
      if (!said.has(component) && now - known.madeAt < KEPT_MS) said.set(component, known);
    this.#said.set(entity.id, said);
    await this.#parts.ledger.make([...said.values()].flatMap((one) => statementOf(one, now)));
  }

  /** What was last said of a host's or service's figures, unlikely ones included. */
  of(entityId: string): readonly Foreseen[] {
    return [...(this.#said.get(entityId)?.values() ?? [])];
  }

  /** What is likely to pass its limit, of all hosts and services, soonest first. */
  likely(): readonly Foreseen[] {
    const now = this.#parts.clock.now();
    return [...this.#said.values()]
      .flatMap((said) => [...said.values()])
      .filter(
        ({ found, probability, madeAt }) => found !== null && probability >= WARN_UNTIL && now - madeAt < STALE_MS,
      )
      .sort((a, b) => (a.found?.inMinutes ?? 0) - (b.found?.inMinutes ?? 0));
  }

  /** Means of a minute of the figure that a ledger row speaks of, each at its end: one high sample is no bottleneck. */
  async actual(
    row: { readonly entityId: string; readonly component: string },
    from: number,
    to: number,
  ): Promise<{ times: Float64Array; values: Float64Array } | null> {
    const targets = await this.#targets(row.entityId, this.#parts.clock.now());
    const target = targets.find(({ component }) => component === row.component);
    if (target === undefined) return null;
    const [rollup] = await this.#parts.metrics.downsample([target.reading.ref], from, to - 1, MINUTE);
    return rollup === undefined ? null : { times: rollup.times.map((at) => at + MINUTE), values: meansOf(rollup) };
  }

  async #targets(entityId: string, now: number): Promise<Target[]> {
    const { board, rules } = this.#parts;
    const out: Target[] = [];
    const add = (target: Omit<Target, 'reading' | 'component'>, title: string, readings: readonly FollowedReading[]) =>
      readings.forEach((reading) => {
        const part = reading.part !== '' || readings.length === 1 ? reading.part : formatLabels(reading.labels);
        out.push({ ...target, component: part === '' ? title : `${title} ${part}`, reading });
      });
    for (const figure of LIMITED_FIGURES) {
      const metric = figureMetric(figure.metric);
      const readings = board.latest(entityId, figure.metric).filter(({ at }) => now - at < STALE_MS);
      if (metric === undefined || readings.length === 0) continue;
      for (const reading of readings) {
        const limit = figure.limit ?? (await this.#usualLimit(reading.ref, figure.least ?? 0, now));
        if (limit === null) continue;
        const { severity, advice, underTraffic } = figure;
        const of = { severity, advice, resource: metric.resource, unit: metric.unit, limit };
        add({ ...of, ...(underTraffic === undefined ? {} : { underTraffic }) }, metric.title, [reading]);
      }
    }
    for (const { name, unit, resource, watches } of rules()) {
      if (watches === undefined) continue;
      const { metric, matches, limit } = watches;
      const advice = `See what the rule ${name} is about`;
      const readings = board
        .latest(entityId, metric)
        .filter(({ at, labels }) => now - at < STALE_MS && matches(labels));
      add({ severity: 'medium', advice, resource, unit, limit }, `${metric} (${name})`, readings);
    }
    return out;
  }

  async #usualLimit(ref: SeriesRef, least: number, now: number): Promise<number | null> {
    const known = this.#usual.get(ref);
    if (known !== undefined && now - known.at < HOUR) return known.limit;
    // Up to an hour ago: what is coming up now is not what is usual.
    const [rollup] = await this.#parts.metrics.downsample([ref], now - DAY, now - HOUR / 4, DAY_STEP);
    const limit = rollup === undefined ? null : usualLimit(meansOf(rollup), DAY_STEP, least);
    this.#usual.set(ref, { limit, at: now });
    return limit;
  }

  async #foresee(targets: readonly Target[], now: number): Promise<readonly (Bottleneck | null)[]> {
    if (targets.length === 0) return [];
    const { metrics, tasks } = this.#parts;
    const end = Math.floor(now / MINUTE) * MINUTE;
    const refs = targets.map(({ reading }) => reading.ref);
    const recentFrom = end - BOTTLENECK_HISTORY * MINUTE;
    const recent = byRef(await metrics.downsample(refs, recentFrom, end - 1, MINUTE));
    const dayFrom = end - DAY - HOUR;
    const day = byRef(await metrics.downsample(refs, dayFrom, recentFrom - 1, DAY_STEP));
    const requests = targets.map(({ limit, severity, reading }) => {
      const values = new Float64Array((end - dayFrom) / MINUTE).fill(Number.NaN);
      lay(values, dayFrom, day.get(reading.ref));
      lay(values, dayFrom, recent.get(reading.ref));
      return { values: bridged(values, limit), limit, isUsedUp: severity === 'high' };
    });
    return tasks.run('foreseeBottlenecks', requests);
  }

  /** A busy machine is no trouble by itself; one that is made busy by users who come as never before soon is. It stays so until it is unlikely. */
  async #underTraffic(one: Foreseen, { underTraffic }: Target, known: Foreseen | undefined): Promise<Foreseen> {
    if (underTraffic === undefined || one.probability < WARN_UNTIL) return one;
    const grows = await this.#growingTraffic(one.entityId, one.madeAt);
    const isBegun = grows !== null && one.probability >= WARN_FROM;
    if (!isBegun && known?.severity !== underTraffic) return one;
    const sentence = grows === null ? one.sentence : `${one.sentence}; ${grows}`;
    return { ...one, severity: underTraffic, sentence };
  }

  /** The service on a host whose requests grow most without like, in words; null where none do. */
  async #growingTraffic(hostId: string, now: number): Promise<string | null> {
    const { board, metrics, servedOn } = this.#parts;
    const end = Math.floor(now / MINUTE) * MINUTE;
    let most: { name: string; rate: number; perMinute: number } | null = null;
    for (const { id, name } of servedOn(hostId)) {
      const readings = board.latest(id, REQUEST_RATE).filter(({ at }) => now - at < STALE_MS);
      for (const { ref, value } of readings) {
        const [rollup] = await metrics.downsample([ref], end - BOTTLENECK_HISTORY * MINUTE, end - 1, MINUTE);
        const growth = rollup === undefined ? null : steadyGrowth(meansOf(rollup), Number.POSITIVE_INFINITY);
        if (growth !== null && growth.perMinute > (most?.perMinute ?? 0))
          most = { name, rate: value, perMinute: growth.perMinute };
      }
    }
    return most === null
      ? null
      : `requests to ${most.name} grow as never before, ${formatValue(most.rate, 'count/s')} now`;
  }

  #say(entity: Entity, target: Target, found: Bottleneck | null, now: number): Foreseen {
    if (found === null) return nothing(entity.id, target, now);
    const subject = `${entity.name}’s ${target.component}`;
    const of = { subject, unit: target.unit, limit: target.limit, timeZone: entity.timeZone };
    return {
      ...nothing(entity.id, target, now),
      probability: found.probability,
      found,
      sentence: bottleneckSentence(found, of, now),
    };
  }
}

function nothing(entityId: string, target: Target, now: number): Foreseen {
  const { component, resource, unit, limit, severity, advice, reading } = target;
  const about = { entityId, component, resource, unit, limit, severity, advice };
  return { ...about, value: reading.value, madeAt: now, probability: 0, found: null, sentence: '' };
}

/** It came: who was warned is not told that it is over, nobody else is warned of what is there. */
function passed(entity: Entity, target: Target, known: Foreseen | undefined, now: number): Foreseen {
  const { component, limit, unit, reading } = target;
  const [bound, value] = [formatValue(limit, unit), formatValue(reading.value, unit)];
  const sentence = `${entity.name}’s ${component} has reached ${bound}: ${value} now`;
  const severity = known?.severity ?? target.severity;
  return { ...nothing(entity.id, target, now), severity, probability: (WARN_FROM + WARN_UNTIL) / 2, sentence };
}

/** Near enough to its limit to pass it within a quarter of an hour. */
function isNear({ reading, limit }: Target): boolean {
  return reading.value >= 0.9 * LOOKED_AT_FROM * limit;
}

/** What is unlikely to come needs no look each minute, unless it has risen since. */
function isDue({ reading, limit }: Target, known: Foreseen, now: number): boolean {
  if (known.probability >= UNLIKELY || known.found === null) return true;
  return now - known.madeAt >= UNLIKELY_MS || reading.value - known.value >= RISEN * limit;
}

function statementOf(one: Foreseen, now: number): Statement[] {
  if (one.probability < WARN_FROM || one.madeAt !== now) return [];
  return [
    {
      type: BOTTLENECK_TYPE,
      entityId: one.entityId,
      component: one.component,
      model: BOTTLENECK_TYPE,
      modelVersion: 1,
      madeAt: now,
      horizonMs: BOTTLENECK_HORIZON_MS,
      value: one.limit,
      unit: one.unit,
      probability: one.probability,
      rule: reaches(one.limit),
      baseline: null,
    },
  ];
}
