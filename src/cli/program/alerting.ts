import { type Command, Option } from 'commander';
import { type CalendarKind, calendarKinds } from '../../model/calendar.ts';
import type { CalendarAddOptions, CalendarListOptions } from '../commands/calendar.ts';
import type { RouteOptions } from '../commands/notify.ts';
import type { ReplayCommand } from '../commands/replay.ts';
import { connect } from '../connect.ts';
import { host, type Making, positive } from './making.ts';

export function addNotify({ command, act, globals }: Making): void {
  command('notify', 'who is told of what', 'auspex notify route --severity critical --service shop')
    .command('route')
    .description('whom an incident would reach, and why; nothing is sent')
    .option('--incident <id>', 'an incident as it is')
    .addOption(new Option('--severity <severity>', 'high unless told').choices(['medium', 'high', 'critical']))
    .option('--class <class>', 'a class of incidents: disk-full, crash …')
    .addOption(
      new Option('--kind <kind>', 'of the alert that asks').choices([
        'threshold',
        'anomaly',
        'absence',
        'external',
        'rule',
        'objective',
        'forecast',
      ]),
    )
    .option('--service <name>', 'a service or job')
    .option('--entity <name>', 'a host or service, by id or name')
    .option('--at <time>', 'when, ISO 8601; now unless told')
    .exitOverride()
    .action(
      act(async (output, options: RouteOptions) =>
        (await import('../commands/notify.ts')).notifyRoute(connect(globals()), output, options),
      ),
    );
}

export function addCalendar({ command, act, globals }: Making): void {
  const load = () => import('../commands/calendar.ts');
  const kind = () => new Option('--kind <kind>', calendarKinds.join(', ')).choices([...calendarKinds]);
  const calendar = command(
    'calendar',
    'what is planned: maintenance, holidays, freezes, silences, quiet hours',
    "auspex calendar add 'New disk' --kind maintenance --on db-1 --for 2h",
  )
    .option('--days <n>', 'how far ahead', positive, 31)
    .addOption(host())
    .action(
      act(async (output, options: CalendarListOptions) =>
        (await load()).listCalendar(connect(globals()), output, options),
      ),
    );
  const sub = (name: string, description: string): Command =>
    calendar.command(name).description(description).exitOverride();
  sub('list', 'the same as without a word').action(
    act(async (output) =>
      (await load()).listCalendar(connect(globals()), output, calendar.opts<CalendarListOptions>()),
    ),
  );
  sub('add <title>', 'plan something, from now on unless told')
    .addOption(kind().makeOptionMandatory())
    .option('--from <time>', 'when it begins: 2026-12-24T18:00')
    .option('--to <time>', 'when it ends')
    .option('--for <duration>', 'how long it lasts, in place of --to: 30m, 2h, 3d')
    .option('--on <name>', 'a host or service only')
    .option('--service <name>', 'all of a service or job only')
    .option('--rule <name>', 'alerts of one rule only')
    .option('--recurrence <rule>', 'an RRULE: FREQ=WEEKLY;BYDAY=SU')
    .option('--time-zone <zone>', 'in which it recurs: Europe/Berlin')
    .option('--reason <text>', 'why')
    .action(
      act(async (output, title: string, options: CalendarAddOptions) =>
        (await load()).addToCalendar(connect(globals()), output, title, options),
      ),
    );
  sub('remove <id>', 'end one that holds, or take out one that is to come').action(
    act(async (output, id: string) => (await load()).removeFromCalendar(connect(globals()), output, id)),
  );
  sub('import <file>', 'take an .ics file in; exit 1 where some of it was left out')
    .addOption(kind().makeOptionMandatory())
    .action(
      act(async (output, file: string, options: { kind: CalendarKind }) =>
        (await load()).importCalendar(connect(globals()), output, file, options.kind),
      ),
    );
}

export function addRules({ command, act, globals }: Making): void {
  const load = () => import('../commands/rules.ts');
  const rules = command(
    'rules',
    'the rules in force, and how those of Prometheus’s files fare; exit 1 when one of them does not run',
    'auspex rules check node.yaml',
  ).action(act(async (output) => (await load()).listRules(connect(globals()), output)));
  rules
    .command('check <files...>')
    .description('what is wrong in rule files; exit 1 when a rule would not run; no server is needed')
    .exitOverride()
    .action(act(async (output, files: string[]) => (await load()).checkRules(output, files)));
  command(
    'objectives',
    'what services owe, and what of their error budgets is left; exit 1 when one is spent',
    'auspex objectives',
  ).action(act(async (output) => (await load()).listObjectives(connect(globals()), output)));
}

export function addReplay({ command, act, globals }: Making): void {
  command(
    'replay',
    'of what people would have been told in the last weeks of a Prometheus',
    'auspex replay --prometheus http://prometheus.example:9090 --days 28 --set disk-low.limit=0.8',
  )
    .requiredOption('--prometheus <url>', 'Prometheus, VictoriaMetrics, Mimir or Thanos, by its HTTP API')
    .option('--days <n>', 'how far back', positive, 28)
    .option('--select <selector>', 'which series; all unless given')
    .option('--bearer-file <file>', 'a file that holds the token for it')
    .option('--tenant <id>', 'its tenant, where it has several (X-Scope-OrgID)')
    .option(
      '--rules <file>',
      'a rule file of Prometheus, beside `alerts.ruleFiles` of the configuration; may be given several times',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--calendar <file>', 'what was planned, as an .ics file; beside `calendar.files` of the configuration')
    .option(
      '--set <rule.field=value>',
      'try a rule otherwise: limit, for, hold, severity, or RULE=off; may be given several times',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .action(
      act(async (output, options: ReplayCommand) =>
        (await import('../commands/replay.ts')).replay(output, globals(), options),
      ),
    );
}
