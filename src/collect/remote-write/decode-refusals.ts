import { AuspexError } from '../../errors.ts';
import { formatLabels, type Labels, labelValue } from '../../model/labels.ts';

export type RefusalReason = 'future' | 'time' | 'labels' | 'series-limit' | 'histogram';

/** Why some of a request was not taken: how many samples (or native histograms) and the first of them. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly count: number;
  readonly example: string;
}

/** Gathers what a request has that cannot be taken; the rest is kept. */
export class Refusals {
  private readonly byReason = new Map<RefusalReason, { count: number; example: string }>();

  /** `example` is asked only for the first one: it costs strings. */
  add(reason: RefusalReason, count: number, example: () => string): void {
    if (count === 0) return;
    const known = this.byReason.get(reason);
    if (known !== undefined) known.count += count;
    else this.byReason.set(reason, { count, example: example() });
  }

  list(): Refusal[] {
    return [...this.byReason].map(([reason, { count, example }]) => ({ reason, count, example }));
  }

  /** What the sender is answered: 429 when new series met the limit, else 400; undefined when nothing was refused. */
  error(futureMs: number): AuspexError | undefined {
    const list = this.list();
    if (list.length === 0) return undefined;
    const code = list.some((refusal) => refusal.reason === 'series-limit') ? 'SERIES_LIMIT' : 'BAD_SAMPLES';
    const data: Record<string, number> = {};
    for (const refusal of list) data[refusal.reason] = refusal.count;
    return new AuspexError(code, list.map((refusal) => sentence(refusal, futureMs)).join(' '), { data });
  }
}

function sentence({ reason, count, example }: Refusal, futureMs: number): string {
  const samples = `${count.toLocaleString('en-US')} ${count === 1 ? 'sample' : 'samples'}`;
  switch (reason) {
    case 'future':
      return `Refused ${samples}: timestamps more than ${minutes(futureMs)} in the future (clock of ${example}?). Check its time service.`;
    case 'time':
      return `Refused ${samples}: timestamps before 1970 or beyond the calendar (${example}). Send milliseconds since 1970.`;
    case 'labels':
      return `Refused ${samples}: series with invalid labels (${example}). Correct or drop them at the sender.`;
    case 'series-limit':
      return `Refused ${samples} of new series past the limit on series (such as ${example}). Series that exist go on.`;
    case 'histogram':
      return `Refused ${count.toLocaleString('en-US')} native ${count === 1 ? 'histogram' : 'histograms'} (${example}): only classic histograms are stored. Keep those on at the sender and set send_native_histograms: false.`;
  }
}

/** Whose clock it is, as a person would say it. */
export function hostOf(labels: Labels): string {
  const instance = labelValue(labels, 'instance') ?? labelValue(labels, 'host_id') ?? labelValue(labels, 'job');
  return instance === undefined ? shortened(labels) : instance.replace(/:\d+$/, '');
}

/** A label set within a sentence: at most 200 characters. */
export function shortened(labels: Labels): string {
  const text = formatLabels(labels);
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

function minutes(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

/** A request that is too much at once: without this bound, two bytes a series would buy a long stall. */
export function tooMany(what: 'samples' | 'series' | 'symbols', most: number): AuspexError {
  return new AuspexError(
    'TOO_LARGE',
    `The request has more than ${most.toLocaleString('en-US')} ${what}, the limit for one request. Lower max_samples_per_send at the sender.`,
    { data: { limit: most } },
  );
}
