import type { OperationOutput } from '../../src/api/contract/index.ts';
import { clock, duration } from './format.ts';

/* Who is told, in words. Pure: the present comes from the caller. */

export type Channel = OperationOutput<'channels'>['items'][number];
export type Plan = OperationOutput<'notifyPlan'>;
export type Route = Plan['routes'][number];
type Hours = Route['hours'][number];
export type Message = OperationOutput<'notifications'>['items'][number];

/** The answer of the page: whether everyone is reached, else who is not, since when and why. */
export function notificationSentence(channels: readonly Channel[], now: number): string {
  if (channels.length === 0) return 'Nobody is told: no channel is set up.';
  const failing = channels.filter(isFailing);
  const [first, ...others] = failing;
  if (first === undefined) {
    const waiting = channels.reduce((sum, one) => sum + one.waiting, 0);
    const given = channels.filter(({ givenUp }) => givenUp > 0).map(({ name }) => name);
    const rest =
      waiting === 0 ? '' : ` ${waiting === 1 ? 'One message waits' : `${waiting} messages wait`} for its time.`;
    return given.length > 0
      ? `Everyone can be reached now; before, messages to ${given.join(', ')} were given up.${rest}`
      : `Everyone is reached.${rest}`;
  }
  const since = first.failingSinceAt ?? first.waitingSinceAt;
  const from = since === null ? '' : ` since ${clock(Date.parse(since), now)}`;
  const more = others.length === 0 ? '' : ` ${others.map(({ name }) => name).join(', ')} too.`;
  return `${first.name} (${kindWords[first.kind]}) takes nothing${from}: ${stopped(first.lastError ?? 'no answer')} ${waitingWords(first)}${more}`;
}

function waitingWords({ waiting }: Channel): string {
  if (waiting === 0) return 'Nothing waits.';
  return waiting === 1 ? 'One message waits.' : `${waiting} messages wait.`;
}

function stopped(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function isFailing(channel: Channel): boolean {
  return channel.failingSinceAt !== null || (channel.waiting > 0 && channel.lastError !== null);
}

export const kindWords: Readonly<Record<Channel['kind'], string>> = {
  webhook: 'webhook',
  email: 'e-mail',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  pagerduty: 'PagerDuty',
  alertmanager: 'Alertmanager',
};

const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** `22:00–07:00`, `Sat, Sun 00:00–24:00`. */
export function hoursText({ days, from, to }: Hours): string {
  const listed = week.filter((day) => days.includes(day));
  const word = (day: string): string => day.replace(/^./, (letter) => letter.toUpperCase());
  const isRun = listed.join() === week.slice(0, 5).join();
  const which = listed.length === 7 ? '' : isRun ? 'Mon–Fri ' : `${listed.map(word).join(', ')} `;
  return `${which}${from}–${to}`;
}

/** What a route asks for, as a sentence. */
export function routeText(route: Route): string {
  const parts = [
    ...(route.severity.length === 0 ? [] : [route.severity.join(' or ')]),
    ...(route.class.length === 0 ? [] : [`class ${route.class.join(' or ')}`]),
    ...(route.kind.length === 0 ? [] : [`kind ${route.kind.join(' or ')}`]),
    ...(route.service.length === 0 ? [] : [`service ${route.service.join(' or ')}`]),
    ...(route.entity.length === 0 ? [] : [`on ${route.entity.join(' or ')}`]),
    ...(route.match.length === 0 ? [] : [`labels ${route.match.join(', ')}`]),
    ...(route.hours.length === 0 ? [] : [`${route.hours.map(hoursText).join('; ')} (${route.timeZone})`]),
  ];
  return parts.length === 0 ? 'Everything.' : `${parts.join('; ')}.`.replace(/^./, (letter) => letter.toUpperCase());
}

/** Where a message stands, in words. */
export function messageText(message: Message, now: number): string {
  const { state, keptUntilAt, tries, lastError, nextTryAt } = message;
  if (state === 'delivered') return tries > 1 ? `Arrived at the ${tries}. try.` : 'Arrived.';
  if (state === 'given-up') return lastError ?? 'Given up.';
  if (keptUntilAt !== null) return `Quiet hours until ${clock(Date.parse(keptUntilAt), now)}.`;
  const wait = Date.parse(nextTryAt) - now;
  const next = wait > 0 ? `next in ${duration(wait)}` : 'next at once';
  if (tries === 0) return `Not tried yet, ${next}.`;
  return `${stopped(lastError ?? 'The answer was lost')} Tried ${tries === 1 ? 'once' : `${tries} times`}, ${next}.`;
}
