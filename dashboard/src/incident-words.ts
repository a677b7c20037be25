import type { Incident } from '../../src/api/contract/index.ts';
import { incidentClassWords, severityRank } from '../../src/api/contract/incident-words.ts';
import { clock, duration, fromNow } from './format.ts';

/* Incidents in words. Pure: the present comes from the caller. */

/** How long after its end an incident can still be changed. */
export const CHANGEABLE_MS = 30 * 60_000;

/** Open ones first, the worst and likeliest of them on top; then those that are over, the latest on top. */
export function inReadingOrder(incidents: readonly Incident[]): Incident[] {
  return [...incidents].sort(
    (a, b) =>
      Number(b.state === 'open') - Number(a.state === 'open') ||
      (a.state === 'open' ? severityRank[b.severity] - severityRank[a.severity] : 0) ||
      (a.state === 'open' ? (b.priority?.value ?? 0) - (a.priority?.value ?? 0) : 0) ||
      b.startedAt.localeCompare(a.startedAt),
  );
}

/** A title inside a sentence: `CPU saturation, ffmpeg on db-1`. */
function within(title: string): string {
  const classWord = Object.values(incidentClassWords).find((word) => title.startsWith(`${word}: `));
  const text = classWord === undefined ? title : `${classWord}, ${title.slice(classWord.length + 2)}`;
  return text.replace(/\.\s*$/, '');
}

/** The answer of the page: what is open, since when, and whether people know. */
export function incidentsSentence(incidents: readonly Incident[], now: number): string {
  const [first] = inReadingOrder(incidents);
  const open = incidents.filter(({ state }) => state === 'open').length;
  if (first === undefined) return 'No incidents.';
  if (open === 0) {
    const end = first.resolvedAt ?? first.lastAt;
    return `No incident is open. The last, ${within(first.title)}, ended ${fromNow(Date.parse(end), now)} after ${lasted(first, now)}.`;
  }
  const count = open === 1 ? 'One open incident' : `${open} open incidents; the worst`;
  const told =
    first.toldAt === null ? 'Nobody was told.' : `People were told at ${clock(Date.parse(first.toldAt), now)}.`;
  return `${count}, since ${clock(Date.parse(first.startedAt), now)}: ${within(first.title)}. ${told}`;
}

export function lasted({ startedAt, resolvedAt }: Pick<Incident, 'startedAt' | 'resolvedAt'>, now: number): string {
  return duration(Math.max(0, (resolvedAt === null ? now : Date.parse(resolvedAt)) - Date.parse(startedAt)));
}

/** What a row says below its title: the class and the cause where the title does not, then where it is. */
export function rowDetail(incident: Incident): string {
  const word = incidentClassWords[incident.class];
  const parts = [
    ...(incident.class === 'unknown' ? ['Of no known class'] : incident.title.startsWith(word) ? [] : [word]),
    ...(incident.cause === null || incident.title.includes(incident.cause) ? [] : [`likely ${incident.cause}`]),
    `on ${listed(incident.entities.map(({ name }) => name))}`,
    incident.signCount === 1 ? 'one sign' : `${incident.signCount} signs`,
  ];
  return `${parts.join(', ').replace(/^./, (letter) => letter.toUpperCase())}.`;
}

function listed(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** What became of it, in a word. */
export function stateWord(incident: Incident): string {
  if (incident.verdict !== 'none') return incident.verdict;
  if (incident.state === 'resolved') return 'resolved';
  return incident.acknowledgedAt === null ? 'open' : 'acknowledged';
}

/** Why an incident cannot be changed; null where it can. */
export function whyFixed(incident: Incident, now: number): string | null {
  if (incident.mergedInto !== null) return 'It is part of another incident: change that one.';
  if (incident.resolvedAt !== null && now - Date.parse(incident.resolvedAt) >= CHANGEABLE_MS)
    return 'It ended more than half an hour ago: what was decided about it stays.';
  return null;
}

/** What a sign or alert says, with its host’s name where it does not say it itself. */
export function signText({ entityName, summary }: { readonly entityName: string; readonly summary: string }): string {
  if (summary.includes(entityName)) return summary;
  return /^\p{Lu}/u.test(summary) ? `${entityName}: ${summary}` : `${entityName} ${summary}`;
}
