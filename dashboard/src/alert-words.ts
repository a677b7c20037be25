import type { AlertView, ObjectiveItem } from '../../src/api/contract/index.ts';
import { capital, duration, percent } from './format.ts';

type Seen = Pick<AlertView, 'state' | 'severity' | 'entityName' | 'summary' | 'suppressedBy'>;
type Owed = Pick<ObjectiveItem, 'name' | 'budgetLeft' | 'spentInSeconds'>;

const rank = { medium: 1, high: 2, critical: 3 } as const;

/** Worst first. */
export function bySeverity(
  a: Pick<AlertView, 'severity' | 'startedAt'>,
  b: Pick<AlertView, 'severity' | 'startedAt'>,
): number {
  return rank[b.severity] - rank[a.severity] || (a.startedAt < b.startedAt ? -1 : 1);
}

function number(count: number, one: string, many: string): string {
  return `${count === 0 ? 'no' : count} ${count === 1 ? one : many}`;
}

/** The page's answer: what fires, whether people were told, what could come next. */
export function alertsSentence(alerts: readonly Seen[], objectives: readonly Owed[], hasChannels = true): string {
  const firing = alerts.filter(({ state }) => state === 'firing' || state === 'held');
  const pending = alerts.filter(({ state }) => state === 'pending').length;
  const worst = firing.toSorted((a, b) => rank[b.severity] - rank[a.severity])[0];
  const told = firing.filter(({ suppressedBy }) => suppressedBy === null).length;
  const ofThem = told === firing.length ? (told === 1 ? 'it' : 'all') : told === 0 ? 'none' : told;
  const telling = hasChannels ? `people were told of ${ofThem}` : 'nobody was told, since no channel is set up';
  const first =
    worst === undefined
      ? 'Nothing fires'
      : `${capital(number(firing.length, 'alert fires', 'alerts fire'))}; ${telling}`;
  const next =
    pending === 0
      ? ''
      : `; ${pending === 1 ? '1 waits to see whether it lasts' : `${pending} wait to see whether they last`}`;
  const silent = alerts.filter(({ state }) => state === 'no-data').length;
  const unknown =
    silent === 0 ? '' : `; of ${silent === 1 ? 'one' : silent} nobody knows how it stands, for lack of data`;
  const spent = objectives.filter(({ budgetLeft }) => budgetLeft !== null && budgetLeft <= 0);
  const budget = spent.length === 0 ? '' : ` The error budget of ${spent.map(({ name }) => name).join(', ')} is spent.`;
  return `${first}${next}${unknown}.${budget}`;
}

/** What is left of an error budget, in words. */
export function budgetWords({ budgetLeft, spentInSeconds }: Owed): string {
  if (budgetLeft === null) return 'nothing counted yet';
  if (budgetLeft <= 0) return `spent, ${percent(1 - budgetLeft)} of it used`;
  const left = `${percent(budgetLeft)} left`;
  return spentInSeconds === null ? left : `${left}, gone in ${duration(spentInSeconds * 1000)} at the present pace`;
}

/** Why people were told of an alert, or not. */
export function toldWords(
  { state, suppressedBy, firedAt }: Pick<AlertView, 'state' | 'suppressedBy' | 'firedAt'>,
  hasChannels = true,
): string {
  if (state === 'pending') return 'Nobody is told yet: it has to last.';
  if (state === 'no-data' && firedAt === null) return 'Nobody is told: it did not last while there were values.';
  if (suppressedBy !== null) return `Nobody was told: ${suppressedBy}`;
  return hasChannels ? 'People were told.' : 'Nobody was told: no channel is set up.';
}
