import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { changeKinds, type Role } from '../model/index.ts';
import { version } from '../version.ts';
import type { AnomaliesFileOptions } from './commands/anomalies-file.ts';
import type { AuditFilter } from './commands/audit.ts';
import type { AddChangeOptions, ChangesOptions } from './commands/changes.ts';
import { type CalendarKind, calendarKinds } from '../model/calendar.ts';
import type { CalendarAddOptions, CalendarListOptions } from './commands/calendar.ts';
import type { ForecastFileOptions } from './commands/forecast-file.ts';
import type { IncidentsOptions } from './commands/incidents.ts';
import type { RouteOptions } from './commands/notify.ts';
import type { ReplayCommand } from './commands/replay.ts';
import type { RootCauseFileOptions } from './commands/root-cause-file.ts';
import { type GlobalOptions, connect } from './connect.ts';
import { createOutput, exitCodes, type Output, reportError } from './output.ts';

interface HostOption {
  readonly host?: string;
}

/** Runs one command line; gives the exit code: 0 fine, 1 findings, 2 wrong use, 3 cannot reach, 4 failed. A command's code is loaded when it runs. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.fine;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongUse;
  }
  return code;
}

/** All commands, for running them and for the reference; `ended` hears the exit code of the one that ran. */
export function createProgram(ended: (code: number) => void): Command {
  const program = new Command('auspex')
    .description('Watches this machine and others, learns what is normal, says what will break and why.')
    .version(version, '--version', 'the version')
    .configureHelp({ showGlobalOptions: true })
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no talk on stderr')
    .option('--verbose', 'more talk on stderr')
    .option('--home <folder>', 'where Auspex keeps everything (AUSPEX_HOME)')
    .option('--config <file>', 'the configuration file (AUSPEX_CONFIG)')
    .option('--url <address>', 'a server elsewhere (AUSPEX_URL)')
    .option('--token <token>', 'a token of that server (AUSPEX_TOKEN)')
    .showSuggestionAfterError()
    .exitOverride();

  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const act =
    <A extends unknown[]>(work: (output: Output, ...args: A) => Promise<number>) =>
    async (...args: A): Promise<void> => {
      const output = createOutput(globals());
      try {
        ended(await work(output, ...args));
      } catch (error) {
        ended(reportError(output, error));
      }
    };
  const command = (name: string, description: string, example: string): Command =>
    program.command(name).description(description).addHelpText('after', `\nExample:\n  $ ${example}`).exitOverride();
  const host = (): Option => new Option('--host <name>', 'one host only');

  addLifecycle(command, act, globals);
  addUsers(command, act, globals);
  addAudit(command, act, globals);
  addBackup(command, act, globals);
  addNow(command, act, globals, host);
  addIncidents(command, act, globals, host);
  addChanges(command, act, globals, host);
  addNotify(command, act, globals);
  addCalendar(command, act, globals, host);
  addServices(command, act, globals);
  addModels(command, act, globals, host);
  addReplay(command, act, globals);
  addRules(command, act, globals);
  addFiles(command, act);
  return program;
}

type MakeCommand = (name: string, description: string, example: string) => Command;
type Act = <A extends unknown[]>(
  work: (output: Output, ...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

function addLifecycle(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  command('start', 'watch this machine; the page’s address is printed', 'auspex start --interval 5')
    .option('--interval <seconds>', 'how often the host is read (1–300)', seconds)
    .option('--duration <minutes>', 'stop by itself after this time', positive)
    .option('--listen <address:port>', 'where the page and the API answer (AUSPEX_LISTEN)')
    .option('--workers <n>', 'threads that learn and detect', positive)
    .action(
      act(async (output, options: { interval?: number; duration?: number; listen?: string; workers?: number }) =>
        (await import('./commands/start.ts')).start(output, globals(), options),
      ),
    );
  command('demo', 'a recorded fault, live on a page of its own; nothing of this machine is read', 'auspex demo')
    .option('--speed <n>', 'so many times as fast as it was', positive, 10)
    .action(
      act(async (output, options: { speed: number }) =>
        (await import('./commands/demo.ts')).demo(output, globals(), options),
      ),
    );
  command('stop', 'stop the Auspex of this home folder', 'auspex stop').action(
    act(async (output) => (await import('./commands/lifecycle.ts')).stop(output, globals())),
  );
  command('init', 'write a commented configuration file', 'auspex init')
    .option('--force', 'over one that is there')
    .action(
      act(async (output, options: { force?: boolean }) =>
        (await import('./commands/lifecycle.ts')).init(output, globals(), options.force === true),
      ),
    );
  command(
    'agent',
    'report this machine to a server elsewhere',
    'auspex agent --to https://auspex.example.com --token ausp_…',
  )
    .requiredOption('--to <url>', 'the server (AUSPEX_TO)', process.env['AUSPEX_TO'])
    .option('--interval <seconds>', 'how often the host is read (1–300)', seconds)
    .option('--ca <file>', 'certificate authority of the server, PEM')
    .option('--insecure', 'send the token over plain HTTP to another machine')
    .action(
      act(async (output, options: { to: string; interval?: number; ca?: string; insecure?: boolean }) =>
        (await import('./commands/agent.ts')).agent(output, globals(), options),
      ),
    );
  command(
    'doctor',
    'check this installation; --bundle writes a file for a bug report, secrets removed',
    'auspex doctor --bundle report.json.gz',
  )
    .option('--bundle [file]', 'write what a bug report needs')
    .action(
      act(async (output, options: { bundle?: string | true }) =>
        (await import('./commands/doctor.ts')).doctor(output, globals(), options.bundle),
      ),
    );
  const secrets = command(
    'secrets',
    'the keys that models and learnt state are encrypted with',
    'auspex secrets rotate',
  ).action(act(async (output) => (await import('./commands/secrets.ts')).secrets(output, globals())));
  secrets
    .command('rotate')
    .description('make a new key, encrypt everything with it, drop the old one')
    .exitOverride()
    .action(act(async (output) => (await import('./commands/secrets.ts')).rotate(output, globals())));
  command('token', 'make a token: for an agent, Prometheus or a program', 'auspex token --name web-2 --scope ingest')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', 'what it may do')
        .choices(['ingest', 'read', 'operate', 'approve', 'admin'])
        .default('ingest'),
    )
    .option('--days <n>', 'ends after so many days', positive)
    .action(
      act(
        async (
          output,
          options: { name: string; scope: 'ingest' | 'read' | 'operate' | 'approve' | 'admin'; days?: number },
        ) => (await import('./commands/lifecycle.ts')).token(output, connect(globals()), options),
      ),
    );
}

function addBackup(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  command(
    'backup',
    'everything in one file, while Auspex runs or is stopped: samples, records, models, what was learnt',
    'auspex backup auspex-2026-11-21.tar.gz',
  )
    .argument('<file>', 'where to; it has this name only once it is whole and was read back')
    .option('--with-keys', 'also the key file: the backup alone then reads everything')
    .action(
      act(async (output, file: string, options: { withKeys?: boolean }) =>
        (await import('./commands/backup.ts')).backup(output, globals(), file, options.withKeys === true),
      ),
    );
  command('restore', 'a backup into the home folder of a stopped Auspex', 'auspex restore auspex-2026-11-21.tar.gz')
    .argument('<file>', 'the backup')
    .option('--force', 'over data that are there; they are kept in a folder beside')
    .option('--without-keys', 'where its key is lost: leave out what cannot be read')
    .action(
      act(async (output, file: string, options: { force?: boolean; withoutKeys?: boolean }) =>
        (await import('./commands/backup.ts')).restore(output, globals(), file, options),
      ),
    );
}

function addUsers(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
  const load = () => import('./commands/users.ts');
  const users = command('users', 'who may sign in', 'auspex users add ann --role operator').action(
    act(async (output) => (await load()).listUsers(connect(globals()), output)),
  );
  const sub = (name: string, description: string): Command =>
    users.command(name).description(description).exitOverride();
  sub('list', 'who may sign in').action(act(async (output) => (await load()).listUsers(connect(globals()), output)));
  sub('add <name>', 'add a user; prints a one-time link with which they set a password')
    .addOption(new Option('--role <role>', 'what they may do').choices(roles).default('viewer'))
    .action(
      act(async (output, name: string, options: { role: Role }) =>
        (await load()).addUser(connect(globals()), output, name, options.role),
      ),
    );
  sub('role', 'give another role, in force at once')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(roles))
    .action(
      act(async (output, name: string, role: Role) =>
        (await load()).changeUser(connect(globals()), output, name, { role }),
      ),
    );
  for (const [name, disabled, description] of [
    ['disable', true, 'sign them out everywhere and let them in no more'],
    ['enable', false, 'let them in again'],
  ] as const)
    sub(`${name} <name>`, description).action(
      act(async (output, id: string) => (await load()).changeUser(connect(globals()), output, id, { disabled })),
    );
  sub('reset <name>', 'take the password away; prints a one-time link to set a new one').action(
    act(async (output, name: string) => (await load()).resetUser(connect(globals()), output, name)),
  );
}

function addAudit(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  const outcomes = ['begun', 'done', 'failed', 'refused'] as const;
  const audit = command(
    'audit',
    'what was done, by whom and from where, newest first',
    'auspex audit --actor ann --days 7',
  )
    .option('--actor <name>', 'of one user or token')
    .option('--action <action>', 'of one kind: token.add, session.sign-in, model.promote …')
    .option('--target <target>', 'on one thing')
    .addOption(new Option('--outcome <outcome>', 'how it went').choices(outcomes))
    .option('--days <n>', 'how far back', positive)
    .option('--limit <n>', 'how many', positive, 50)
    .action(
      act(async (output, options: AuditFilter) =>
        (await import('./commands/audit.ts')).listAudit(connect(globals()), output, options),
      ),
    );
  audit
    .command('verify')
    .description('whether a row was edited, removed, moved or cut off; exit 1 where one was')
    .exitOverride()
    .action(act(async (output) => (await import('./commands/audit.ts')).verifyAudit(output, globals())));
  audit
    .command('export')
    .description('the log with its hashes on stdout, for who audits')
    .addOption(new Option('--format <format>', 'JSON lines or CSV').choices(['json', 'csv']).default('json'))
    .exitOverride()
    .action(
      act(async (_output, { format }: { format: 'json' | 'csv' }) =>
        (await import('./commands/audit.ts')).exportAudit(connect(globals()), format, audit.opts<AuditFilter>().days),
      ),
    );
}

function addReplay(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
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
        (await import('./commands/replay.ts')).replay(output, globals(), options),
      ),
    );
}

function addNow(command: MakeCommand, act: Act, globals: () => GlobalOptions, host: () => Option): void {
  command('analyze', 'what is going on, what is unusual, what comes next', 'auspex analyze --json').action(
    act(async (output) => (await import('./commands/now.ts')).analyze(connect(globals()), output)),
  );
  const anomalies = command('anomalies', 'what was found unusual', 'auspex anomalies --status open')
    .argument('[id]', 'one finding with its evidence')
    .addOption(new Option('--status <status>', 'open or ended').choices(['open', 'ended']))
    .addOption(host())
    .option('--limit <n>', 'how many', positive, 20)
    .option('--csv <file>', 'score the rows of a file instead; no server is needed')
    .option('--train <file>', 'with --csv: its normal past')
    .option('--time <column>', 'with --csv: the column that holds the times; found by itself unless given')
    .addOption(new Option('--season <season>', 'with --csv: seasons are found').choices(['auto']))
    .option('--out <file>', 'with --csv: where a score for each row goes')
    .action(
      act(
        async (
          output,
          id: string | undefined,
          options: { status?: 'open' | 'ended'; host?: string; limit: number } & Partial<AnomaliesFileOptions>,
        ) => {
          if (options.csv !== undefined)
            return (await import('./commands/anomalies-file.ts')).anomaliesOfFile(output, {
              ...options,
              csv: options.csv,
            });
          const { listAnomalies, showAnomaly } = await import('./commands/now.ts');
          return id === undefined
            ? listAnomalies(connect(globals()), output, options)
            : showAnomaly(connect(globals()), output, id);
        },
      ),
    );
  const verdicts = [
    ['confirm', 'confirmed', 'it was worth telling'],
    ['normal', 'normal', 'this is how it should be here: learn it'],
    ['dismiss', 'dismissed', 'it was not worth telling'],
  ] as const;
  for (const [name, verdict, description] of verdicts) {
    anomalies
      .command(`${name} <id>`)
      .description(description)
      .exitOverride()
      .action(
        act(async (output, id: string) =>
          (await import('./commands/now.ts')).judgeAnomaly(connect(globals()), output, id, verdict),
        ),
      );
  }
  command('performance', 'performance score: the health expected in 15 minutes, and why', 'auspex performance web-1')
    .argument('[host]')
    .action(
      act(async (output, name: string | undefined) =>
        (await import('./commands/now.ts')).performance(connect(globals()), output, name),
      ),
    );
  command('patterns', 'how the main metrics behave: stable, trending, volatile, periodic', 'auspex patterns --days 1')
    .argument('[host]')
    .option('--days <n>', 'how far back', positive, 7)
    .action(
      act(async (output, name: string | undefined, options: { days: number }) =>
        (await import('./commands/now.ts')).patterns(connect(globals()), output, name, options.days),
      ),
    );
  command('analytics', 'counts and rates of the last week', 'auspex analytics').action(
    act(async (output) => (await import('./commands/now.ts')).analytics(connect(globals()), output)),
  );
  command(
    'dashboard',
    'the live view in this terminal; --link prints a sign-in link for the browser',
    'auspex dashboard --refresh-interval 2',
  )
    .option('--refresh-interval <seconds>', 'how often it is read', positive, 2)
    .option('--link', 'print a one-time sign-in link for the browser instead')
    .action(
      act(async (output, options: { refreshInterval: number; link?: boolean }) => {
        if (options.link === true) return (await import('./commands/lifecycle.ts')).link(output, connect(globals()));
        return (await import('./commands/terminal-dashboard.tsx')).terminalDashboard(connect(globals()), {
          refreshMs: options.refreshInterval * 1000,
        });
      }),
    );
}

function addServices(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  const load = () => import('./commands/services.ts');
  const services = command(
    'services',
    'services with their health, worst first; one with what drags it down; exit 1 when one is not well',
    'auspex services shop',
  )
    .argument('[name]', 'a service’s name or id')
    .action(
      act(async (output, name: string | undefined) => {
        const client = connect(globals());
        const { listServices, showService } = await load();
        return name === undefined ? listServices(client, output) : showService(client, output, name);
      }),
    );
  services
    .command('remove <name>')
    .description('take one away, with its calls and corrections; its history stays, and what is seen again comes back')
    .exitOverride()
    .action(act(async (output, name: string) => (await load()).removeService(connect(globals()), output, name)));
}

function addIncidents(command: MakeCommand, act: Act, globals: () => GlobalOptions, host: () => Option): void {
  const load = () => import('./commands/incidents.ts');
  const incidents = command(
    'incidents',
    'signs of one trouble, taken together; exit 1 when one is open',
    'auspex incidents --state open',
  )
    .addOption(new Option('--state <state>', 'open or resolved').choices(['open', 'resolved']))
    .addOption(host())
    .option('--limit <n>', 'how many', positive, 20)
    .action(
      act(async (output, options: IncidentsOptions) =>
        (await load()).listIncidents(connect(globals()), output, options),
      ),
    );
  const sub = (name: string, description: string): Command =>
    incidents.command(name).description(description).exitOverride();
  sub('show <id>', 'what it is, who may be behind it, its signs').action(
    act(async (output, id: string) => (await load()).showIncident(connect(globals()), output, id)),
  );
  for (const [name, what, description] of [
    ['ack', 'acknowledge', 'say that somebody is looking at it'],
    ['confirm', 'confirmed', 'this was trouble; its findings count as right'],
    ['dismiss', 'dismissed', 'this was no trouble: it is over, and its findings count as wrong'],
  ] as const)
    sub(`${name} <id>`, description).action(
      act(async (output, id: string) => (await load()).changeIncident(connect(globals()), output, id, what)),
    );
  sub('note <id> <text>', 'what was found or done, for those who meet the like again').action(
    act(async (output, id: string, text: string) => (await load()).noteIncident(connect(globals()), output, id, text)),
  );
  command(
    'explain',
    'why an incident, an alert or a finding is what it is, and what would have changed it',
    'auspex explain 6f1c2e9a4b7d0835',
  )
    .argument('<id>', 'as the lists show it')
    .action(
      act(async (output, id: string) =>
        (await import('./commands/explain.ts')).explain(connect(globals()), output, id),
      ),
    );
}

function addChanges(command: MakeCommand, act: Act, globals: () => GlobalOptions, host: () => Option): void {
  const load = () => import('./commands/changes.ts');
  const kind = (): Option => new Option('--kind <kind>', 'of one kind').choices(changeKinds);
  const changes = command(
    'changes',
    'what was changed: deployments, edits, packages, restarts',
    'auspex changes add --service shop --from 1.4.0 --to 1.5.0 --by ci',
  )
    .addOption(host())
    .option('--service <name>', 'one service only')
    .addOption(kind())
    .option('--since <time>', 'from then on, ISO 8601')
    .option('--limit <n>', 'how many', positive, 20)
    .action(
      act(async (output, options: ChangesOptions) => (await load()).listChanges(connect(globals()), output, options)),
    );
  changes
    .command('add [what]')
    .description('tell of a change: a deployment unless --kind says otherwise')
    .exitOverride()
    .option('--service <name>', 'the service that was changed')
    .option('--host <name>', 'the host or target that was changed')
    .addOption(kind())
    .option('--from <version>', 'the version before')
    .option('--to <version>', 'the version now')
    .option('--by <name>', 'who did it')
    .option('--link <url>', 'where one reads more')
    .option('--at <time>', 'when it took effect, ISO 8601; now unless given')
    .option('--id <id>', 'the same id is kept once')
    .action(
      // An option of both commands is the first one's, wherever it stands.
      act(async (output, what: string | undefined, _: AddChangeOptions, own: Command) =>
        (await load()).addChange(connect(globals()), output, what, own.optsWithGlobals<AddChangeOptions>()),
      ),
    );
}

function addNotify(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
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
        (await import('./commands/notify.ts')).notifyRoute(connect(globals()), output, options),
      ),
    );
}

function addCalendar(command: MakeCommand, act: Act, globals: () => GlobalOptions, host: () => Option): void {
  const load = () => import('./commands/calendar.ts');
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

function addRules(command: MakeCommand, act: Act, globals: () => GlobalOptions): void {
  const load = () => import('./commands/rules.ts');
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

function addFiles(command: MakeCommand, act: Act): void {
  command('logs', 'logs of a file', 'auspex logs templates app.log --out templates.csv')
    .command('templates <file>')
    .description('the template of each line, one message a line; no server is needed')
    .option('--out <file>', 'where they go')
    .exitOverride()
    .action(
      act(async (output, file: string, { out }: { out?: string }) =>
        (await import('./commands/log-templates.ts')).templatesOfFile(output, file, out),
      ),
    );
  command(
    'rootcause',
    'which service caused a trouble, from the figures in a file; no server is needed',
    'auspex rootcause --metrics shop.csv --graph calls.csv --target checkout --at 2026-03-01T04:05:00Z',
  )
    .requiredOption('--metrics <file>', 'a time column and columns named service|metric')
    .option('--graph <file>', 'who calls whom: from,to a line, the caller first')
    .requiredOption('--target <service>', 'whose trouble it is; service|metric says by which figure')
    .requiredOption('--at <time>', 'when it began: ISO 8601, or seconds since 1970')
    .option('--until <time>', 'when it was over; half an hour later unless given')
    .option('--time <column>', 'the column of times, where it has another name')
    .action(
      act(async (output, options: RootCauseFileOptions) =>
        (await import('./commands/root-cause-file.ts')).rootCauseOfFile(output, options),
      ),
    );
}

function addModels(command: MakeCommand, act: Act, globals: () => GlobalOptions, host: () => Option): void {
  command('predict', 'what will go wrong; exit 1 when something is foreseen', 'auspex predict --hours 48')
    .option('--hours <n>', 'how far ahead', positive, 24)
    .addOption(host())
    .action(
      act(async (output, options: { hours: number } & HostOption) =>
        (await import('./commands/predict.ts')).predict(connect(globals()), output, options),
      ),
    );
  command('forecast', 'what the main metrics will do', 'auspex forecast disk --days 7')
    .argument('[component]', 'one metric, as listed without')
    .option('--days <n>', 'how far ahead', positive, 7)
    .addOption(host())
    .option('--csv <file>', 'forecast the series of a file instead; no server is needed')
    .option('--horizon <steps>', 'with --csv: how far ahead', steps)
    .option('--season <steps>', 'with --csv: steps of a season; found by itself unless given', steps)
    .option('--out <file>', 'with --csv: where the forecasts go')
    .action(
      act(
        async (
          output,
          component: string | undefined,
          options: { days: number } & HostOption & Partial<ForecastFileOptions>,
        ) =>
          options.csv === undefined
            ? (await import('./commands/models.ts')).forecast(connect(globals()), output, component, options)
            : (await import('./commands/forecast-file.ts')).forecastOfFile(output, { ...options, csv: options.csv }),
      ),
    );
  command('train', 'train a model now, or all', 'auspex train performance --force')
    .argument('[model]')
    .option('--force', 'also where data is short or the model is fresh', false)
    .addOption(host())
    .action(
      act(async (output, model: string | undefined, options: { force: boolean } & HostOption) =>
        (await import('./commands/models.ts')).train(connect(globals()), output, model, options),
      ),
    );
  const models = command(
    'models',
    'the models that serve, and how often they were right',
    'auspex models performance',
  ).action(act(async (output) => (await import('./commands/models.ts')).listModels(connect(globals()), output)));
  const sub = (name: string, description: string): Command =>
    models.command(name).description(description).addOption(host()).exitOverride();
  sub('list', 'the models that serve').action(
    act(async (output) => (await import('./commands/models.ts')).listModels(connect(globals()), output)),
  );
  sub('show <name>', 'all versions of a model').action(
    act(async (output, name: string, options: HostOption) =>
      (await import('./commands/models.ts')).showModel(connect(globals()), output, name, options.host),
    ),
  );
  sub('performance', 'the ledger: how often each model was right').action(
    act(async (output, options: HostOption) =>
      (await import('./commands/models.ts')).modelPerformance(connect(globals()), output, options.host),
    ),
  );
  sub('predict <name>', 'what a model says of the features in a file; exit 1 where a row is unusual')
    .requiredOption('--features <file>', 'JSON: an object of features and their numbers, or a list of such')
    .action(
      act(async (output, name: string, options: HostOption & { features: string }) =>
        (await import('./commands/models.ts')).predictModel(connect(globals()), output, name, options),
      ),
    );
  sub('promote <name> <version>', 'let this version serve').action(
    act(async (output, name: string, version: string, options: HostOption) =>
      (await import('./commands/models.ts')).promoteModel(connect(globals()), output, name, {
        ...options,
        version: positive(version),
      }),
    ),
  );
  sub('rollback <name>', 'let the version before serve again').action(
    act(async (output, name: string, options: HostOption) =>
      (await import('./commands/models.ts')).promoteModel(connect(globals()), output, name, options),
    ),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('A number above 0 is needed.');
  return value;
}

function steps(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new InvalidArgumentError('1 to 100,000 steps.');
  return value;
}

function seconds(text: string): number {
  const value = positive(text);
  if (value < 1 || value > 300) throw new InvalidArgumentError('1 to 300 seconds.');
  return value;
}
