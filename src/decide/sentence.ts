import { type Alert, type EntityKind, type Severity, severityRank } from '../model/index.ts';

export interface SentenceEntity {
  readonly id: string;
  readonly name: string;
  readonly kind: EntityKind;
  readonly state: 'ok' | 'learning' | 'unusual' | 'alerting' | 'stale';
  /** What is to be said of it, as a whole sentence. */
  readonly sentence: string;
}
export interface SentenceOutlook {
  readonly entityId: string;
  /** With its subject: `db-1's disk fills in 9 days (7–12).` */
  readonly sentence: string;
  readonly severity: Severity;
  readonly dueAt: number | null;
}

/**
 * The page's answer in words: what alerts, what is silent, what is unusual, who is well, what comes next. Names at most
 * two things of a kind and counts the rest, so that it can be read in five seconds.
 */
export function overviewSentence(
  entities: readonly SentenceEntity[],
  alerts: readonly Pick<Alert, 'entityId' | 'severity' | 'state' | 'summary' | 'firedAt'>[],
  outlook: readonly SentenceOutlook[],
): string {
  if (entities.length === 0) return 'Nothing is watched yet. The first samples come within seconds.';
  const nameOf = new Map(entities.map((entity) => [entity.id, entity.name]));
  const firing = alerts.filter((alert) => alert.state === 'firing');
  const alerting = new Set<string>();
  for (const { entityId } of firing) if (nameOf.has(entityId)) alerting.add(entityId);
  const rest = entities.filter((entity) => !alerting.has(entity.id));
  const inState = (state: SentenceEntity['state']) => rest.filter((entity) => entity.state === state);

  const parts = [
    ...listed(
      worst(firing).map((alert) => about(nameOf.get(alert.entityId) ?? alert.entityId, alert.summary)),
      firing.length,
      'alert',
    ),
    ...listed(
      inState('stale')
        .slice(0, NAMED)
        .map((entity) => about(entity.name, entity.sentence)),
      inState('stale').length,
      'silent host',
    ),
    ...listed(
      inState('unusual')
        .slice(0, NAMED)
        .map((entity) => about(entity.name, entity.sentence)),
      inState('unusual').length,
      'unusual host',
    ),
    wellSentence(
      [...inState('ok'), ...inState('alerting')],
      rest.length === entities.length && inState('learning').length === 0,
    ),
    learningSentence(inState('learning')),
    ...comingNext(outlook),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Names the host unless the sentence does. */
function about(name: string, sentence: string): string {
  return sentenceOf(sentence.includes(name) ? sentence : `${name}: ${sentence}`);
}

/** So many are named, the rest are counted. */
const NAMED = 2;

/** Those that are named: the worst and earliest, found without sorting thousands. */
export function worst<A extends Pick<Alert, 'severity' | 'firedAt'>>(alerts: readonly A[]): readonly A[] {
  const named: A[] = [];
  for (const alert of alerts) {
    const last = named[NAMED - 1];
    if (last !== undefined && !isWorse(alert, last)) continue;
    const place = named.findIndex((other) => isWorse(alert, other));
    named.splice(place < 0 ? named.length : place, 0, alert);
    named.length = Math.min(named.length, NAMED);
  }
  return named;
}

function isWorse(a: Pick<Alert, 'severity' | 'firedAt'>, b: typeof a): boolean {
  const by = severityRank[a.severity] - severityRank[b.severity];
  return by > 0 || (by === 0 && (a.firedAt ?? 0) < (b.firedAt ?? 0));
}

function listed(named: readonly string[], count: number, noun: string): string[] {
  const more = count - named.length;
  return more > 0 ? [...named, `${more} more ${noun}${more === 1 ? '' : 's'}.`] : [...named];
}

function wellSentence(entities: readonly SentenceEntity[], onlyThese: boolean): string {
  const [first] = entities;
  if (first === undefined) return '';
  if (entities.length === 1) return `${first.name} is well.`;
  const hosts = entities.filter((entity) => entity.kind === 'host').length;
  const others = entities.length - hosts;
  const counted = [count(hosts, 'host'), count(others, 'service')].filter((part) => part !== '').join(' and ');
  return onlyThese ? `All is well: ${counted}.` : `${counted} are well.`;
}

function learningSentence(entities: readonly SentenceEntity[]): string {
  const [first] = entities;
  if (first === undefined) return '';
  if (entities.length === 1)
    return sentenceOf(first.sentence === '' ? `${first.name} is still being learnt` : first.sentence);
  return `${entities.length} are still being learnt.`;
}

function comingNext(outlook: readonly SentenceOutlook[]): string[] {
  return outlook
    .filter((entry) => entry.severity !== 'none')
    .sort((a, b) => (a.dueAt ?? Number.POSITIVE_INFINITY) - (b.dueAt ?? Number.POSITIVE_INFINITY))
    .slice(0, 2)
    .map((entry) => sentenceOf(entry.sentence));
}

function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function sentenceOf(text: string): string {
  return /[.:!?]$/.test(text) ? text : `${text}.`;
}
