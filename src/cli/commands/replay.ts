import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readCalendar, readCalendarFiles } from '../../compose-calendar.ts';
import { type PrometheusReplay, replayPrometheus } from '../../compose-replay.ts';
import { distinctNames, readRuleFiles } from '../../compose-rules.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { RuleGroup } from '../../decide/rules/rule-file.ts';
import { AuspexError } from '../../errors.ts';
import { type CalendarEntry, formatDuration, formatNumber, type Incident } from '../../model/index.ts';
import { knowSecrets } from '../../telemetry/hide.ts';
import { createLogger } from '../../telemetry/log.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output, paint, severityMark, table } from '../output.ts';
import { rulesToTry } from '../replay-rules.ts';
import { problemLine } from './rules.ts';

const DAY = 86_400_000;
const MONTH_DAYS = 30.44;

export interface ReplayCommand {
  readonly prometheus: string;
  readonly days: number;
  readonly select?: string;
  readonly bearerFile?: string;
  readonly tenant?: string;
  readonly calendar?: string;
  /** Rule files of Prometheus, beside those of the configuration. */
  readonly rules: readonly string[];
  /** `RULE.limit=0.8` and the like, see rulesToTry. */
  readonly set: readonly string[];
}

/** `auspex replay`: the alerts that the last weeks of a Prometheus would have had, before anything is switched on. */
export async function replay(output: Output, options: GlobalOptions, command: ReplayCommand): Promise<number> {
  const loaded = configOf(options);
  const { config } = loaded;
  const { rules, groups } = rulesToTry(config.alerts, command.set, await fileRules(loaded, output, command.rules));
  const timeZone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const token = command.bearerFile === undefined ? undefined : (await readFile(command.bearerFile, 'utf8')).trim();
  if (token !== undefined) knowSecrets([token]);
  const to = Date.now();
  const from = to - command.days * DAY;
  const startedAt = performance.now();
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    output.say('\nStopping after this hour; what was found so far follows.');
    stopping.abort();
  });
  const bar = progressBar(output, from, to, startedAt);
  const found = await replayPrometheus({
    source: {
      url: command.prometheus,
      ...(token === undefined ? {} : { token }),
      ...(command.tenant === undefined ? {} : { tenant: command.tenant }),
    },
    ...(command.select === undefined ? {} : { selector: command.select }),
    from,
    to,
    timeZone,
    rules,
    ruleGroups: groups,
    calendar: calendarOf(loaded, output, timeZone, command.calendar),
    log: createLogger('silent'),
    onProgress: bar,
    signal: stopping.signal,
  });
  output.data(documentOf(found), () => print(output, found, performance.now() - startedAt));
  return found.incidents.some(isPage) ? exitCodes.findings : exitCodes.fine;
}

/** The configured files, and the one that was named: what `GET /api/calendar/export` gives has everything in it. */
function calendarOf(
  loaded: LoadedConfig,
  output: Output,
  timeZone: string,
  named: string | undefined,
): readonly CalendarEntry[] {
  const log = { warn: (text: string) => output.say(text) };
  const options = { timeZone, now: Date.now(), log };
  const filed = readCalendarFiles(loaded, options);
  return named === undefined ? filed : [...filed, ...readCalendar({ path: named, kind: 'maintenance' }, options)];
}

/**
 * Of the configured files, and of those that were named. What is wrong in them is told, and the others run, as on a server.
 * @throws AuspexError FILE_INVALID where a file that was named gives no rule at all.
 */
async function fileRules(
  loaded: LoadedConfig,
  output: Output,
  named: readonly string[],
): Promise<readonly RuleGroup[]> {
  const configured = await readRuleFiles(loaded.config.alerts.ruleFiles, dirname(loaded.filePath));
  const others = await readRuleFiles(named, process.cwd());
  const problems = [...configured.problems, ...others.problems];
  for (const problem of problems) output.say(problemLine(problem));
  const count = (groups: readonly RuleGroup[]) => groups.flatMap(({ rules }) => rules).length;
  if (named.length > 0 && count(others.groups) === 0)
    throw new AuspexError('FILE_INVALID', `There is no rule in ${named.join(', ')} that can run.`);
  return distinctNames([...configured.groups, ...others.groups]);
}

function isPage(incident: Incident): boolean {
  return tellings(incident).length > 0;
}

/** When people would have been told: what ended and came back is told again. */
function tellings({ steps }: Incident): readonly number[] {
  return steps.flatMap(({ kind, at }) => (kind === 'told' ? at : []));
}

function print(output: Output, found: PrometheusReplay, tookMs: number): void {
  const hosts = found.entities.filter(({ kind }) => kind === 'host').length;
  const days = (found.to - found.from) / DAY;
  const told = found.incidents.filter(isPage);
  const pages = told.flatMap((incident) => tellings(incident).map((at) => ({ at, incident })));
  const names = new Map(found.entities.map(({ id, name }) => [id, name]));
  output.print(
    `${pages.length === 0 ? 'Nobody would have been told of anything' : `People would have been told ${pages.length} time${pages.length === 1 ? '' : 's'}`} in ${formatNumber(days)} days${hosts > 0 && pages.length > 0 ? `, ${formatNumber((pages.length / days / hosts) * MONTH_DAYS)} a host and month` : ''}.`,
  );
  output.print(
    paint(
      output,
      'quiet',
      `${hosts} host${hosts === 1 ? '' : 's'}, ${found.entities.length - hosts} services and targets, ${formatNumber(found.series)} series, ${formatNumber(found.samples)} samples, replayed in ${formatDuration(tookMs)}.`,
    ),
  );
  if (pages.length > 0)
    output.print(
      `\n${table(
        ['when', 'severity', 'what', 'likely behind it', 'signs', 'for'],
        pages.map(({ at, incident }) => [
          shortTime(at),
          severityMark(output, incident.severity),
          incident.title,
          incident.causes[0]?.name ?? names.get(incident.entityId) ?? incident.entityId,
          String(incident.signs.length),
          incident.resolvedAt === null ? 'still' : formatDuration(incident.resolvedAt - incident.startedAt),
        ]),
      )}`,
    );
  const held = found.alerts.filter(({ suppressedBy }) => suppressedBy !== null).length;
  const quiet = found.incidents.length - told.length;
  output.print(
    `\nBeside them ${count(quiet, 'incident')} that nobody would have been told of, ${count(held, 'alert')} held back and ${count(found.findings.length, 'finding')}. The first ten minutes only learn; a joint state of unknown series is judged after a day.`,
  );
  if (found.rules.length > 0) output.print(`\n${fileRuleLines(output, found)}`);
  if (output.quiet) return;
  output.say(
    'Try other limits: --set RULE.limit=0.8, --set RULE.for=10m, --set RULE=off; rules of your own: --config FILE, --rules FILE.',
  );
}

/** The rules of files: which fired how often, which did not, which could not be evaluated. */
function fileRuleLines(output: Output, { rules, alerts, entities }: PrometheusReplay): string {
  const alerting = rules.filter(({ rule }) => rule.kind === 'alert');
  const fired = alerting.filter((one) => one.fired > 0).sort((a, b) => b.fired - a.fired);
  const faults = rules.flatMap(({ rule, fault }) =>
    fault === null
      ? []
      : [paint(output, 'high', `${rule.file}:${rule.line}: ${rule.name} was not evaluated: ${fault}`)],
  );
  const silent = alerting.length - fired.length;
  const lines = fired.map(({ rule, fired: times }) => {
    const own = alerts.filter((alert) => alert.kind === 'rule' && alert.rule === rule.name);
    const last = own.at(-1);
    return [
      rule.name,
      last === undefined ? '–' : severityMark(output, last.severity),
      String(times),
      String(own.filter(({ suppressedBy }) => suppressedBy !== null).length),
      String(new Set(own.map(({ entityId }) => entityId)).size),
      last === undefined ? '–' : shortTime(last.firedAt ?? last.startedAt),
      entities.find(({ id }) => id === last?.entityId)?.name ?? '–',
    ];
  });
  const head = `Of ${count(alerting.length, 'alert rule')} in rule files ${fired.length === 0 ? 'none' : fired.length} fired.`;
  return [
    head,
    ...(lines.length === 0 ? [] : [table(['rule', 'severity', 'fired', 'held back', 'on', 'last', 'last on'], lines)]),
    ...(silent > 0 && fired.length > 0 ? [paint(output, 'quiet', `${silent} did not fire.`)] : []),
    ...faults,
  ].join('\n');
}

function shortTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Stable: what `--json` prints. */
function documentOf(found: PrometheusReplay): object {
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return {
    from: iso(found.from),
    to: iso(found.to),
    samples: found.samples,
    series: found.series,
    entities: found.entities.map(({ id, kind, name }) => ({ id, kind, name })),
    incidents: found.incidents.map((incident) => ({
      id: incident.id,
      title: incident.title,
      class: incident.class,
      severity: incident.severity,
      startedAt: iso(incident.startedAt),
      resolvedAt: iso(incident.resolvedAt),
      toldAt: tellings(incident).map(iso),
      causes: incident.causes.map(({ name, entityId, score, reasons }) => ({ name, entityId, score, reasons })),
      entityIds: incident.entityIds,
      signs: incident.signs.map(({ id, kind, entityId, summary }) => ({ id, kind, entityId, summary })),
    })),
    alerts: found.alerts.map((alert) => ({
      id: alert.id,
      entityId: alert.entityId,
      rule: alert.rule,
      severity: alert.severity,
      summary: alert.summary,
      firedAt: iso(alert.firedAt),
      resolvedAt: iso(alert.resolvedAt),
      suppressedBy: alert.suppressedBy,
      incidentId: alert.incidentId,
    })),
    rules: found.rules.map(({ rule, fired, fault }) => ({
      name: rule.name,
      kind: rule.kind,
      group: rule.group,
      file: rule.file,
      line: rule.line,
      fired,
      fault,
    })),
    findings: found.findings.map((finding) => ({
      id: finding.id,
      entityId: finding.entityId,
      severity: finding.severity,
      summary: finding.summary,
      detectedAt: iso(finding.detectedAt),
      endedAt: iso(finding.endedAt),
      pages: finding.pages,
    })),
  };
}

function progressBar(
  output: Output,
  from: number,
  to: number,
  startedAt: number,
): (at: number, samples: number) => void {
  const isTerminal = process.stderr.isTTY === true;
  return (at, samples) => {
    if (!isTerminal) return;
    const share = (at - from) / (to - from);
    const took = performance.now() - startedAt;
    const width = 30;
    const full = Math.round(share * width);
    const rate = formatNumber(samples / (took / 1000));
    output.say(
      `\u001b[1A\u001b[2K${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.round(100 * share)} %  ${rate} samples/s  ${formatDuration((took / share) * (1 - share))} left`,
    );
  };
}
