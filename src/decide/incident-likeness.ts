import { type Incident, incidentClassWords } from '../model/index.ts';

/** An incident of before that is like another. */
export interface Likeness {
  readonly incident: Incident;
  /** 0..1, a rank: not a probability. */
  readonly likeness: number;
  /** What they have in common, as a sentence. */
  readonly why: string;
}

const OF_CLASS = 0.4;
const OF_CAUSES = 0.35;
const OF_SIGNS = 0.25;
/** The class alone is likeness enough, the place alone is not. */
const LEAST = 0.2;

/** Of those before it the most alike first: the same class, the same culprits, the same signs on the same hosts and services. O(signs of all). */
export function similarTo(incident: Incident, past: readonly Incident[], most: number): readonly Likeness[] {
  return past
    .filter(
      ({ id, mergedInto, startedAt }) => id !== incident.id && mergedInto === null && startedAt < incident.startedAt,
    )
    .map((one) => likenessOf(incident, one))
    .filter(({ likeness }) => likeness >= LEAST)
    .sort((a, b) => b.likeness - a.likeness || b.incident.startedAt - a.incident.startedAt)
    .slice(0, most);
}

function likenessOf(incident: Incident, past: Incident): Likeness {
  const isOfClass = incident.class !== 'unknown' && past.class === incident.class;
  const causes = common(namesOf(incident), namesOf(past));
  const signs = common(signsOf(incident), signsOf(past));
  const parts = [
    ...(isOfClass ? [`the same class (${incidentClassWords[past.class].toLowerCase()})`] : []),
    ...(causes.shared.length > 0 ? [`${causes.shared.slice(0, 2).join(' and ')} behind it`] : []),
    ...(signs.shared.length > 0
      ? [signs.shared.length === 1 ? 'one sign of the same kind' : `${signs.shared.length} signs of the same kind`]
      : []),
  ];
  const why = parts.length === 0 ? '' : `In common: ${parts.join(', ')}.`;
  const likeness = (isOfClass ? OF_CLASS : 0) + OF_CAUSES * causes.share + OF_SIGNS * signs.share;
  return { incident: past, likeness, why };
}

/** The two that are suspected most. */
function namesOf({ causes }: Incident): ReadonlySet<string> {
  return new Set(causes.slice(0, 2).map(({ name }) => name));
}

function signsOf({ signs }: Incident): ReadonlySet<string> {
  return new Set(signs.map(({ entityId, resource }) => `${entityId} ${resource}`));
}

/** What both have, and its share of what either has. */
function common(
  a: ReadonlySet<string>,
  b: ReadonlySet<string>,
): { readonly shared: readonly string[]; readonly share: number } {
  const shared = [...a].filter((one) => b.has(one));
  const either = a.size + b.size - shared.length;
  return { shared, share: either === 0 ? 0 : shared.length / either };
}
