import type { Incident, IncidentPriority, JudgementRow } from '../model/index.ts';
import { betaBelow, betaQuantile } from '../stats/beta.ts';

/** What is alike: what found it, in what, on whom. */
export interface Likeness {
  readonly source: string;
  readonly resource: string;
  /** The service, or `hosts`. */
  readonly group: string;
}

/** How likely what is found is trouble, as people judged what was like it. */
export interface Credence {
  readonly probability: number;
  /** The 80 % interval. */
  readonly lower: number;
  readonly upper: number;
  /** Of those most alike. An acknowledgement counts half. */
  readonly confirmed: number;
  readonly dismissed: number;
}

interface Count {
  confirmed: number;
  dismissed: number;
}

/** What people said, summed. */
export interface JudgementBook {
  readonly counts: ReadonlyMap<string, Readonly<Count>>;
}

/** An acknowledgement says that it was worth a look, not that it was trouble. */
const WEIGHTS = { confirmed: 1, dismissed: 1, acknowledged: 0.5 } as const;
/** As many judgements as what is known of its kind in general counts for. */
const SHRINK = 2;
/** Nothing is told as less before so many of those most alike were judged, and before it is so sure that fewer than half are real. */
const ENOUGH = 3;
const SURE = 0.85;
const HALF = 0.5;

export const noJudgements: JudgementBook = { counts: new Map() };

/** O(judgements). */
export function bookJudgements(rows: Iterable<Omit<JudgementRow, 'id' | 'about' | 'at' | 'by'>>): JudgementBook {
  const counts = new Map<string, Count>();
  for (const { verdict, ...like } of rows)
    for (const key of levels(like)) {
      const count = counts.get(key) ?? { confirmed: 0, dismissed: 0 };
      count[verdict === 'dismissed' ? 'dismissed' : 'confirmed'] += WEIGHTS[verdict];
      counts.set(key, count);
    }
  return { counts };
}

/** From the general to the particular. */
function levels({ source, resource, group }: Likeness): [string, string, string] {
  return [source, `${source}\u0000${resource}`, `${source}\u0000${resource}\u0000${group}`];
}

/**
 * A Beta posterior, shrunk level by level: all that a detector found, of that what concerns this resource, of that what concerns this service. Each level adds two
 * judgements' worth of what its parent says without it, so that nothing counts twice. Begins at one half. O(1).
 */
export function credenceOf(book: JudgementBook, like: Likeness): Credence {
  const { a, b, own } = posterior(book, like);
  return {
    probability: a / (a + b),
    ...interval(a, b),
    confirmed: own.confirmed,
    dismissed: own.dismissed,
  };
}

interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** In a storm thousands of incidents are alike, and a quantile takes 40 µs. */
const intervals = new Map<string, Interval>();
const MOST_INTERVALS = 1000;

function interval(a: number, b: number): Interval {
  const key = `${a} ${b}`;
  const known = intervals.get(key);
  if (known !== undefined) return known;
  const found = { lower: betaQuantile(0.1, a, b), upper: betaQuantile(0.9, a, b) };
  if (intervals.size >= MOST_INTERVALS) intervals.clear();
  intervals.set(key, found);
  return found;
}

function posterior(book: JudgementBook, like: Likeness, more = 0): { a: number; b: number; own: Count } {
  const [of, inner, own] = levels(like).map((key) => book.counts.get(key) ?? { confirmed: 0, dismissed: 0 });
  const zero = { confirmed: 0, dismissed: 0 };
  const [all, part, last] = [of ?? zero, inner ?? zero, own ?? zero];
  const general = meanOf(HALF, minus(all, part));
  const particular = meanOf(general, minus(part, last));
  return {
    a: SHRINK * particular + last.confirmed + more,
    b: SHRINK * (1 - particular) + last.dismissed,
    own: { ...last },
  };
}

function meanOf(prior: number, { confirmed, dismissed }: Count): number {
  return (SHRINK * prior + confirmed) / (SHRINK + confirmed + dismissed);
}

function minus(a: Count, b: Count): Count {
  return { confirmed: a.confirmed - b.confirmed, dismissed: a.dismissed - b.dismissed };
}

const SEVERITY = { critical: 1, high: 0.6, medium: 0.3 } as const;
const LESS = { critical: 'critical', high: 'medium', medium: 'nobody' } as const;
const MOST_MORE = 50;

/**
 * How much an incident matters: severity × how many hosts and services it affects × how likely it is real, by its most credible sign. What people mostly dismissed is told as less severe, what is critical
 * never. Pure. O(signs).
 */
export function priorityOf(
  incident: Pick<Incident, 'severity' | 'entityIds'>,
  likes: readonly Likeness[],
  book: JudgementBook,
): IncidentPriority {
  const ranked = likes
    .map((like) => ({ like, credence: credenceOf(book, like) }))
    .toSorted((a, b) => b.credence.probability - a.credence.probability);
  const [first] = ranked;
  const { severity, entityIds } = incident;
  const like = first?.like ?? { source: '', resource: '', group: '' };
  const credence = first?.credence ?? credenceOf(noJudgements, like);
  const { probability, confirmed, dismissed } = credence;
  const reach = Math.min(1, 0.6 + 0.1 * (entityIds.length - 1));
  const isLow = severity !== 'critical' && isDoubtful(book, like, 0);
  const toldAs = isLow ? LESS[severity] : severity;
  const judged = `${formatCount(dismissed)} of ${formatCount(confirmed + dismissed)} like it were dismissed`;
  return {
    value: Math.round(100 * SEVERITY[severity] * reach * probability),
    ...credence,
    toldAs,
    reason: isLow
      ? `${toldAs === 'nobody' ? 'Shown only, nobody is told' : 'Told as medium'}: ${judged} (${like.source}, ${like.resource}, ${like.group}).`
      : confirmed + dismissed === 0
        ? 'Nobody has judged one like it yet.'
        : `People confirmed ${formatCount(confirmed)} and dismissed ${formatCount(dismissed)} like it.`,
    counterfactual: isLow ? counterfactual(book, like, severity) : null,
  };
}

function counterfactual(book: JudgementBook, like: Likeness, severity: Incident['severity']): string {
  for (let more = 1; more <= MOST_MORE; more++)
    if (!isDoubtful(book, like, more))
      return `It would be told as ${severity} if ${more} more like it had been confirmed, and is always told when it becomes critical.`;
  return 'It is told when it becomes critical.';
}

/** Whether it is all but sure that fewer than half of those like it are real. */
function isDoubtful(book: JudgementBook, like: Likeness, more: number): boolean {
  const { a, b, own } = posterior(book, like, more);
  return own.confirmed + own.dismissed + more >= ENOUGH && betaBelow(HALF, a, b) >= SURE;
}

function formatCount(count: number): string {
  return Number.isInteger(count) ? String(count) : count.toFixed(1);
}

/** What people said of each detector and rule, the most judged first. O(counts). */
export function precisionBySource(book: JudgementBook): readonly (Credence & { readonly source: string })[] {
  return [...book.counts]
    .filter(([key]) => !key.includes('\u0000'))
    .map(([source, { confirmed, dismissed }]) => {
      const [a, b] = [SHRINK * HALF + confirmed, SHRINK * HALF + dismissed];
      return {
        source,
        probability: a / (a + b),
        lower: betaQuantile(0.1, a, b),
        upper: betaQuantile(0.9, a, b),
        confirmed,
        dismissed,
      };
    })
    .sort((a, b) => b.confirmed + b.dismissed - (a.confirmed + a.dismissed) || (a.source < b.source ? -1 : 1));
}
