import type { Observation } from '../decide/alert-book.ts';
import { alertKey } from '../decide/known-alerts.ts';
import type { PromqlValue } from '../decide/promql/values.ts';
import { hitsOf, observeGone, observeHit } from '../decide/rules/alerting.ts';
import type { AlertingRule, FileRule, RecordingRule, RuleGroup } from '../decide/rules/rule-file.ts';
import { renderTemplate } from '../decide/rules/template.ts';
import { AuspexError } from '../errors.ts';
import {
  type Alert,
  type Clock,
  type Emission,
  guessSeriesKind,
  type Labels,
  labelPairs,
  labelsFrom,
  labelsKey,
  METRIC_NAME,
  type MetricStore,
} from '../model/index.ts';
import { nextTurn } from '../next-turn.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import { entityOfLabels } from './entity-of-labels.ts';
import type { ComponentHealth } from './engine-view.ts';
import type { EntityRegistry } from './entity-registry.ts';
import { PromqlReader } from './promql-reader.ts';

/** How a rule fares. */
export interface RuleHealth {
  readonly state: 'waiting' | 'ok' | 'slow' | 'failed';
  readonly message: string;
  readonly lastAt: number | null;
  readonly durationMs: number | null;
  /** Series that were read for it. */
  readonly series: number;
  /** Alerts for which its condition holds, or series that it wrote. */
  readonly found: number;
}

const WAITING: RuleHealth = { state: 'waiting', message: '', lastAt: null, durationMs: null, series: 0, found: 0 };
/** Bounds of one rule, so that none can take the place of the others. */
const LIMITS = { series: 20_000, samples: 1_000_000 };
const MOST_ALERTS = 1_000;
const MOST_RECORDED = 5_000;
/** So many alerts are looked at before others go first. */
const AT_ONCE = 50;
/** How often is looked for a group that is due: shorter intervals are this one. */
export const RULE_TICK_MS = 5_000;
/** A rule that takes longer is named as slow. */
const SLOW_MS = 1_000;

/** Evaluates the rules of files group by group, each at its interval, its rules in order. */
export class RuleKeeper {
  readonly #alerts: AlertKeeper;
  readonly #registry: EntityRegistry;
  readonly #metrics: Pick<MetricStore, 'index' | 'range'>;
  readonly #clock: Clock;
  readonly #reader: PromqlReader;
  readonly #write: (emissions: readonly Emission[]) => Promise<void>;
  #groups: readonly RuleGroup[] = [];
  #since = 0;
  #health = new Map<FileRule, RuleHealth>();
  /** When each group is due; by name, so that a reload does not begin anew. */
  readonly #dueAt = new Map<string, number>();
  /** What each recording rule wrote the last time: what is gone is marked as ended. */
  readonly #recorded = new Map<string, ReadonlyMap<string, Labels>>();

  constructor(options: {
    alerts: AlertKeeper;
    registry: EntityRegistry;
    metrics: Pick<MetricStore, 'index' | 'range'>;
    clock: Clock;
    /** Takes in what recording rules write. */
    write: (emissions: readonly Emission[]) => Promise<void>;
  }) {
    this.#alerts = options.alerts;
    this.#registry = options.registry;
    this.#metrics = options.metrics;
    this.#clock = options.clock;
    this.#write = options.write;
    this.#reader = new PromqlReader(options.metrics, LIMITS);
  }

  get groups(): readonly RuleGroup[] {
    return this.#groups;
  }

  get reader(): PromqlReader {
    return this.#reader;
  }

  /** Null without rules. */
  component(): ComponentHealth | null {
    const rules = this.#groups.flatMap((group) => group.rules);
    if (rules.length === 0) return null;
    const bad = rules.filter((rule) => ['slow', 'failed'].includes(this.healthOf(rule).state));
    const [first] = bad;
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : '';
    return {
      name: 'rules',
      kind: 'detector',
      state: first === undefined ? 'ok' : 'degraded',
      since: this.#since,
      message:
        first === undefined
          ? `${rules.length} rules in ${this.#groups.length} groups are evaluated`
          : `${first.name} in ${first.group}: ${this.healthOf(first).message}${more}`,
      remedy:
        first === undefined
          ? null
          : 'Correct the rule where it is from, or let it read fewer series; the others go on.',
    };
  }

  healthOf(rule: FileRule): RuleHealth {
    return this.#health.get(rule) ?? WAITING;
  }

  /** From now on these; alerts of rules that are gone are over. */
  setGroups(groups: readonly RuleGroup[]): void {
    this.#groups = groups;
    this.#since = this.#clock.now();
    this.#health = new Map();
    const names = new Set(groups.flatMap(({ rules }) => rules.map(({ name }) => name)));
    const gone = this.#alerts.open().filter((alert) => alert.kind === 'rule' && !names.has(alert.rule));
    const at = this.#clock.now();
    this.#alerts.observe(
      gone.map((alert) => ({ ...alert, reading: 'clear', at, timing: { forMs: 0, holdMs: 0 } }) satisfies Observation),
    );
  }

  /** Evaluates what is due, one group after the other; false where nothing was. */
  async evaluateDue(): Promise<boolean> {
    let isAny = false;
    for (const group of this.#groups) {
      const now = this.#clock.now();
      const key = `${group.file}\u0000${group.name}`;
      const dueAt = this.#dueAt.get(key) ?? now;
      // A timer that comes a moment too early must not cost a whole turn.
      if (now + RULE_TICK_MS / 2 < dueAt) continue;
      this.#dueAt.set(key, Math.max(dueAt, now - RULE_TICK_MS) + group.intervalMs);
      isAny = true;
      for (const rule of group.rules) {
        if (!this.#groups.includes(group)) return true;
        await this.#evaluate(rule, group, now);
      }
    }
    return isAny;
  }

  async #evaluate(rule: FileRule, group: RuleGroup, at: number): Promise<void> {
    const started = this.#clock.monotonic();
    try {
      const { value, series } = await this.#reader.at(rule.query, at);
      const found =
        rule.kind === 'record' ? await this.#record(rule, group, value, at) : await this.#judge(rule, group, value, at);
      const durationMs = this.#clock.monotonic() - started;
      const isSlow = durationMs > SLOW_MS;
      const message = isSlow ? `It takes ${(durationMs / 1000).toFixed(1)} s; it reads ${series} series.` : '';
      this.#health.set(rule, { state: isSlow ? 'slow' : 'ok', message, lastAt: at, durationMs, series, found });
    } catch (thrown) {
      const { message } = AuspexError.from(thrown);
      const durationMs = this.#clock.monotonic() - started;
      this.#health.set(rule, { ...WAITING, state: 'failed', message, lastAt: at, durationMs });
    }
  }

  async #judge(rule: AlertingRule, group: RuleGroup, value: PromqlValue, at: number): Promise<number> {
    const samples = samplesOf(value);
    checkCount(samples.length, Math.min(group.limit || MOST_ALERTS, MOST_ALERTS), 'alerts');
    const hits = hitsOf(rule, samples);
    const observed: Observation[] = [];
    for (const [i, hit] of hits.entries()) {
      if (i % AT_ONCE === AT_ONCE - 1) await nextTurn();
      const entity = entityOfLabels(
        Object.fromEntries(labelPairs(hit.labels)),
        { registry: this.#registry, metrics: this.#metrics },
        at,
      );
      const seen = observeHit(rule, hit, entity.id, at);
      if (seen !== null) observed.push(seen);
    }
    const there = new Set(observed.map(alertKey));
    const isThere = (alert: Alert): boolean => there.has(alertKey(alert));
    this.#alerts.observe([...observed, ...observeGone(rule, this.#alerts.open(), isThere, at)]);
    return hits.length;
  }

  async #record(rule: RecordingRule, group: RuleGroup, value: PromqlValue, at: number): Promise<number> {
    const samples = samplesOf(value);
    checkCount(samples.length, Math.min(group.limit || MOST_RECORDED, MOST_RECORDED), 'series');
    const kind = guessSeriesKind(rule.name);
    const written = new Map<string, Labels>();
    const emissions: Emission[] = samples.map((sample) => {
      const added = [...rule.labels].map(
        ([name, text]) => [name, renderTemplate(text, { labels: new Map(), value: 0 })] as const,
      );
      const labels = labelsFrom([...labelPairs(sample.labels), ...added, [METRIC_NAME, rule.name]]);
      written.set(labelsKey(labels), labels);
      return { labels, kind, at, value: sample.value };
    });
    if (written.size < samples.length)
      throw new AuspexError(
        'BAD_REQUEST',
        'Its labels make one series of several; the expression must tell them apart otherwise.',
      );
    const key = `${rule.file}\u0000${rule.group}\u0000${rule.name}\u0000${rule.line}`;
    for (const [series, labels] of this.#recorded.get(key) ?? [])
      if (!written.has(series)) emissions.push({ labels, kind, at, value: Number.NaN, stale: true });
    if (emissions.length > 0) await this.#write(emissions);
    this.#recorded.set(key, written);
    return samples.length;
  }
}

function samplesOf(value: PromqlValue): Parameters<typeof hitsOf>[1] {
  if (value.type === 'vector') return value.samples;
  return value.type === 'scalar' ? [{ labels: [], value: value.value }] : [];
}

function checkCount(count: number, limit: number, what: string): void {
  if (count <= limit) return;
  throw new AuspexError('BAD_REQUEST', `It gives ${count} ${what}, the limit is ${limit}.`);
}
