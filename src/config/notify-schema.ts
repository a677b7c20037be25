import { z } from 'zod';
import { incidentClasses } from '../model/index.ts';
import { duration, matchers, timeZone } from './values.ts';

/* Whom a message reaches: receivers with their quiet hours, routes, escalations. */

const name = () => z.string().regex(/^[\w.-]{1,64}$/, 'a name of letters, digits, dots, dashes, at most 64 characters');
const names = (what: string) => z.array(name()).min(1, `at least one ${what}`).max(50);

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const minuteOfDay = z.string().transform((text, context) => {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  if (hour !== '' && Number(minute) < 60 && minutes <= 1440) return minutes;
  context.issues.push({ code: 'custom', message: 'a time of the day such as 22:00, at most 24:00', input: text });
  return z.NEVER;
});

const weekHours = z
  .strictObject({
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .max(7)
      .prefault([...DAYS])
      .meta({
        description:
          'sun, mon … sat; every day unless given. Hours over midnight belong to the day on which they begin.',
      }),
    from: minuteOfDay.meta({ description: 'When they begin: `"22:00"`.' }),
    to: minuteOfDay.meta({ description: 'When they end: `"07:00"`; the next day where it is not later.' }),
  })
  .transform(({ days, from, to }) => ({
    days: days.map((day) => DAYS.indexOf(day)),
    fromMinute: from,
    toMinute: to,
  }));
const hours = (what: string) => z.array(weekHours).max(20).prefault([]).meta({ description: what });
const zone = () =>
  timeZone().nullable().prefault(null).meta({ description: 'Of these hours; `timeZone` of this file unless set.' });
const severities = ['medium', 'high', 'critical'] as const;

export const receiverSchema = z.strictObject({
  name: name().meta({ description: 'What the receiver is called; no channel’s name.' }),
  to: names('channel or receiver').meta({ description: 'Channels, and other receivers.' }),
  quiet: hours('Hours in which only what is critical is sent; the rest comes together when they end.'),
  timeZone: zone(),
});

export const routeSchema = z.strictObject({
  name: name().nullable().prefault(null).meta({ description: 'What the route is called; its place unless set.' }),
  severity: z.array(z.enum(severities)).prefault([]).meta({ description: 'medium, high, critical.' }),
  class: z
    .array(z.enum(incidentClasses))
    .prefault([])
    .meta({ description: 'Classes of incidents: `disk-full`, `crash` …' }),
  kind: z
    .array(z.enum(['threshold', 'anomaly', 'absence', 'external', 'rule', 'objective', 'forecast']))
    .prefault([])
    .meta({
      description: 'Kinds of the alert that asks: threshold, anomaly, absence, external, rule, objective, forecast.',
    }),
  service: z.array(z.string().min(1).max(200)).max(200).prefault([]).meta({ description: 'Services or jobs.' }),
  entity: z
    .array(z.string().min(1).max(200))
    .max(200)
    .prefault([])
    .meta({ description: 'Hosts, services or targets, by id or name.' }),
  match: matchers().meta({ description: 'Labels and attributes of one of them: `env=prod`, `instance=~db-.*`.' }),
  hours: hours('Only in these hours.'),
  timeZone: zone(),
  to: names('receiver').meta({ description: 'Receivers and channels that are told.' }),
  continue: z.boolean().prefault(false).meta({ description: 'Look at the routes after it too.' }),
  escalation: name().nullable().prefault(null).meta({ description: 'Which escalation begins when people are told.' }),
});

export const escalationSchema = z.strictObject({
  name: name().meta({ description: 'What it is called.' }),
  steps: z
    .array(
      z.strictObject({
        after: duration('1m', '7d').meta({
          description: 'How long nobody has taken it since the step before; of the first since people were told.',
        }),
        to: names('receiver').meta({ description: 'Who is told then.' }),
      }),
    )
    .min(1)
    .max(20)
    .meta({ description: 'In order.' }),
  repeat: z.int().min(0).max(20).prefault(0).meta({ description: 'How many times all of it is gone through again.' }),
});

type Named = z.output<typeof receiverSchema>;

/** A name that leads nowhere, twice or in a circle: where it stands and what is wrong; null where all is well. */
export function faultInRouting(notify: {
  readonly channels: readonly { readonly name: string }[];
  readonly receivers: readonly Named[];
  readonly routes: readonly z.output<typeof routeSchema>[];
  readonly escalations: readonly z.output<typeof escalationSchema>[];
}): { readonly path: readonly PropertyKey[]; readonly words: string } | null {
  const { channels, receivers, routes, escalations } = notify;
  const taken = new Set(channels.map((one) => one.name));
  for (const [i, one] of receivers.entries()) {
    if (taken.has(one.name))
      return faultAt(['receivers', i, 'name'], one.name, 'stands there twice or is a channel’s name');
    taken.add(one.name);
  }
  const known = new Set(escalations.map((one) => one.name));
  if (known.size < escalations.length) return faultAt(['escalations'], '', 'has one name twice');
  const named = [
    ...receivers.map((one, i) => [['receivers', i, 'to'], one.to] as const),
    ...routes.map((one, i) => [['routes', i, 'to'], one.to] as const),
    ...escalations.flatMap((one, i) =>
      one.steps.map((step, j) => [['escalations', i, 'steps', j, 'to'], step.to] as const),
    ),
  ];
  for (const [path, list] of named)
    for (const [i, to] of list.entries())
      if (!taken.has(to)) return faultAt([...path, i], to, 'is no channel and no receiver');
  for (const [i, { escalation }] of routes.entries())
    if (escalation !== null && !known.has(escalation))
      return faultAt(['routes', i, 'escalation'], escalation, 'is no escalation');
  for (const [i, one] of receivers.entries())
    if (isCircle(one, receivers, [])) return faultAt(['receivers', i, 'to'], one.name, 'leads back to itself');
  return null;
}

function faultAt(path: readonly PropertyKey[], value: string, words: string) {
  return { path, words: value === '' ? words : `is "${value}", which ${words}` };
}

function isCircle(one: Named, all: readonly Named[], above: readonly string[]): boolean {
  if (above.includes(one.name)) return true;
  return all.some((part) => one.to.includes(part.name) && isCircle(part, all, [...above, one.name]));
}
