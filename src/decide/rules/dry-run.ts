import { type Labels, labelsKey } from '../../model/index.ts';
import { type AlertTiming, type ConditionState, stepCondition } from '../alert-state.ts';
import type { SeriesSamples } from '../promql/values.ts';
import { timingOf } from './alerting.ts';

/** One alert that there would have been. */
export interface TriedAlert {
  readonly labels: Labels;
  readonly firedAt: number;
  /** Null: it would still fire. */
  readonly resolvedAt: number | null;
}

interface Course {
  readonly labels: Labels;
  state: ConditionState | null;
  firedAt: number | null;
}

/** What a rule would have said of the past, handed in piece by piece, oldest first. Pure. */
export class DryRun {
  readonly #timing: AlertTiming;
  readonly #courses = new Map<string, Course>();
  readonly #alerts: TriedAlert[] = [];

  constructor(timing: { readonly forMs: number; readonly keepFiringMs: number }) {
    this.#timing = timingOf(timing);
  }

  /** The rule's expression over a piece of the past, at every step from `start` to `end`. O(series × steps). */
  take(
    series: readonly SeriesSamples[],
    { start, end, stepMs }: { readonly start: number; readonly end: number; readonly stepMs: number },
  ): void {
    const places = new Map(series.map((one) => [labelsKey(one.labels), { one, next: 0 }]));
    for (const [key, { one }] of places)
      if (!this.#courses.has(key)) this.#courses.set(key, { labels: one.labels, state: null, firedAt: null });
    for (let at = start; at <= end; at += stepMs)
      for (const [key, course] of this.#courses) {
        const place = places.get(key);
        const holds = place !== undefined && place.one.times[place.next] === at;
        if (place !== undefined && holds) place.next++;
        this.#step(course, holds, at);
      }
  }

  #step(course: Course, holds: boolean, at: number): void {
    if (!holds && course.state === null) return;
    const { state, transition } = stepCondition(course.state, holds ? 'breach' : 'clear', at, this.#timing);
    course.state = state;
    if (transition === 'fired') course.firedAt = at;
    if (transition !== 'resolved' || course.firedAt === null) return;
    this.#alerts.push({ labels: course.labels, firedAt: course.firedAt, resolvedAt: at });
    course.firedAt = null;
  }

  /** Oldest first. */
  alerts(): readonly TriedAlert[] {
    const open = [...this.#courses.values()].flatMap(({ labels, firedAt }) =>
      firedAt === null ? [] : [{ labels, firedAt, resolvedAt: null }],
    );
    return [...this.#alerts, ...open].sort((a, b) => a.firedAt - b.firedAt);
  }
}
