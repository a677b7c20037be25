import {
  confidence,
  type Contribution,
  type Finding,
  type FindingVerdict,
  formatLabels,
  type Labels,
} from '../model/index.ts';
import type { EntityRecord } from './entity.ts';
import type { DetectionEvent } from './episodes.ts';
import { findingId } from './finding-id.ts';
import { actionsFor, counterfactualOf, formatClock, metricSummary } from './finding-text.ts';
import { expectedOf } from './metric-model.ts';
import { F32, F64, type SeriesSlab } from './series-slab.ts';

const DAY = 86_400_000;
/** Findings on single series that one entity may open in a day: the strongest evidence comes first, the rest is on the charts. */
const A_DAY = 1;
/** Accumulated evidence for one; it ends when the accumulation has run out. */
const OPEN_AT = 30;
/** The same where a person asked for the metric: a run of values that chance alone makes once in 10^8. */
const OPEN_ASKED_AT = 8;
/** Samples before a single series may open one: a day at one a minute, four hours at one every 10 s. */
const LEAST_SAMPLES = 1440;

interface MetricEpisode {
  finding: Finding;
  low: number;
  high: number;
}

/**
 * Findings on single series: strong evidence over many samples, few a day, and never a page of their own. With 500
 * series there are 4 million tests a day; single deviations mean nothing. Of metrics that a person asked for there are as many as
 * there is evidence for.
 */
export class MetricEpisodes {
  readonly #open = new Map<number, MetricEpisode>();
  readonly #normal = new Map<number, [number, number]>();
  readonly #last = new Map<string, { slot: number; low: number; high: number }>();
  #events: DetectionEvent[] = [];

  /** Judges a series whose evidence is high or has just run out. */
  judge(
    slab: SeriesSlab,
    slot: number,
    entity: EntityRecord,
    labels: Labels,
    at: number,
    sum: number,
    offsetMs: number,
    isAsked: boolean,
  ): void {
    const value = slab.f64(slot, F64.lastValue);
    const episode = this.#open.get(slot);
    if (episode !== undefined) {
      episode.low = Math.min(episode.low, value);
      episode.high = Math.max(episode.high, value);
      episode.finding = { ...episode.finding, lastAt: at };
      if (sum === 0) this.#end(slot, episode, at);
      return;
    }
    const range = this.#normal.get(slot);
    if (sum < (isAsked ? OPEN_ASKED_AT : OPEN_AT) || (range !== undefined && value >= range[0] && value <= range[1]))
      return;
    if (slab.f32(slot, F32.count) < LEAST_SAMPLES || at < entity.quietUntil) return;
    const band = expectedOf(slab, slot, 0);
    if (band === null || (value >= band.lower && value <= band.upper)) return;
    if (!isAsked) {
      entity.metricFindings = entity.metricFindings.filter((t) => at - t < DAY);
      if (entity.metricFindings.length >= A_DAY || Math.abs(value - band.mean) < 0.2 * Math.abs(band.mean)) return;
      entity.metricFindings.push(at);
    }
    const finding = describe(entity, labels, slab, slot, band, value, at, offsetMs);
    this.#open.set(slot, { finding, low: value, high: value });
    this.#events.push({ change: 'opened', finding });
  }

  /** The slot of the series that the feedback was about, or -1. */
  feedback(entity: EntityRecord, subject: string, verdict: FindingVerdict, at: number, slab: SeriesSlab): number {
    let found = this.#last.get(`${entity.id} ${subject}`);
    for (const [slot, episode] of this.#open) {
      if (episode.finding.entityId !== entity.id || episode.finding.subject !== subject) continue;
      found = { slot, low: episode.low, high: episode.high };
      if (verdict === 'normal') this.#end(slot, episode, at);
    }
    if (found === undefined || verdict !== 'normal') return -1;
    const mean = slab.f64(found.slot, F64.level) + slab.f32(found.slot, F32.season);
    const old = this.#normal.get(found.slot) ?? [mean, mean];
    const margin = 0.1 * (Math.max(found.high, mean) - Math.min(found.low, mean));
    this.#normal.set(found.slot, [Math.min(old[0], found.low - margin), Math.max(old[1], found.high + margin)]);
    return found.slot;
  }

  openOf(entityId: string): Finding[] {
    return [...this.#open.values()].map((e) => e.finding).filter((f) => f.entityId === entityId);
  }

  drain(): DetectionEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  toJson(): string {
    return JSON.stringify([[...this.#open], [...this.#normal], [...this.#last]]);
  }

  static fromJson(json: string): MetricEpisodes {
    const [open, normal, last] = JSON.parse(json) as [
      [number, MetricEpisode][],
      [number, [number, number]][],
      [string, { slot: number; low: number; high: number }][],
    ];
    const out = new MetricEpisodes();
    for (const [slot, episode] of open) out.#open.set(slot, episode);
    for (const [slot, range] of normal) out.#normal.set(slot, range);
    for (const [key, value] of last) out.#last.set(key, value);
    return out;
  }

  #end(slot: number, episode: MetricEpisode, at: number): void {
    this.#open.delete(slot);
    const { finding, low, high } = episode;
    this.#last.set(`${finding.entityId} ${finding.subject}`, { slot, low, high });
    this.#events.push({ change: 'ended', finding: { ...finding, status: 'ended', endedAt: at } });
  }
}

function describe(
  entity: EntityRecord,
  labels: Labels,
  slab: SeriesSlab,
  slot: number,
  band: { mean: number; lower: number; upper: number },
  value: number,
  at: number,
  offsetMs: number,
): Finding {
  const subject = formatLabels(labels);
  const onsetAt = Math.max(entity.firstAt, at - Math.round(Math.abs(slab.f32(slot, F32.run)) * 1000));
  const lead: Contribution = {
    feature: subject,
    labels,
    value,
    expected: band.mean,
    lower: band.lower,
    upper: band.upper,
    unit: '',
    share: 1,
  };
  return {
    id: findingId(entity.id, 'metric', subject, onsetAt),
    entityId: entity.id,
    detector: 'metric',
    subject,
    resource: 'other',
    severity: 'medium',
    score: 1 - 10 ** -Math.abs(slab.f32(slot, F32.surprise)),
    direction: value >= band.mean ? 'high' : 'low',
    onsetAt,
    detectedAt: at,
    lastAt: at,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: confidence(0.6, 'prior', 0),
    summary: metricSummary(entity.name, subject, lead, formatClock(onsetAt, offsetMs)),
    contributions: [lead],
    culprits: [],
    actions: actionsFor('other', lead, [], 'medium'),
    counterfactual: counterfactualOf(lead),
    pages: false,
  };
}
