import { readFile } from 'node:fs/promises';
import { type PrometheusReplay, replayPrometheus } from '../../compose-replay.ts';
import { compileUserRule } from '../../decide/user-rules.ts';
import { starterRules } from '../../decide/starter-rules.ts';
import { type Alert, formatDuration, formatNumber } from '../../model/index.ts';
import { knowSecrets } from '../../telemetry/hide.ts';
import { createLogger } from '../../telemetry/log.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output, paint, severityMark, table } from '../output.ts';

const DAY = 86_400_000;
const MONTH_DAYS = 30.44;

export interface ReplayCommand {
  readonly prometheus: string;
  readonly days: number;
  readonly select?: string;
  readonly bearerFile?: string;
  readonly tenant?: string;
}

/** `auspex replay`: the alerts that the last weeks of a Prometheus would have had, before anything is switched on. */
export async function replay(output: Output, options: GlobalOptions, command: ReplayCommand): Promise<number> {
  const { config } = configOf(options);
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
    timeZone: config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    rules: [
      ...starterRules.filter((rule) => config.alerts.starter[rule.name] !== false),
      ...config.alerts.rules.map(compileUserRule),
    ],
    log: createLogger('silent'),
    onProgress: bar,
    signal: stopping.signal,
  });
  output.data(documentOf(found), () => print(output, found, performance.now() - startedAt));
  return found.alerts.some(isPage) ? exitCodes.findings : exitCodes.fine;
}

function isPage(alert: Alert): boolean {
  return alert.suppressedBy === null;
}

function print(output: Output, found: PrometheusReplay, tookMs: number): void {
  const hosts = found.entities.filter(({ kind }) => kind === 'host').length;
  const days = (found.to - found.from) / DAY;
  const pages = found.alerts.filter(isPage);
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
        ['when', 'severity', 'where', 'what', 'for'],
        pages.map((alert) => [
          new Date(alert.firedAt ?? 0).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
          severityMark(output, alert.severity),
          names.get(alert.entityId) ?? alert.entityId,
          alert.summary,
          alert.resolvedAt === null ? 'still' : formatDuration(alert.resolvedAt - alert.startedAt),
        ]),
      )}`,
    );
  const held = found.alerts.length - pages.length;
  output.print(
    `\nBeside them ${held} alert${held === 1 ? '' : 's'} held back and ${found.findings.length} findings that wake nobody. The first ten minutes only learn; a joint state of unknown series is judged after a day.`,
  );
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
    alerts: found.alerts.map((alert) => ({
      id: alert.id,
      entityId: alert.entityId,
      rule: alert.rule,
      severity: alert.severity,
      summary: alert.summary,
      firedAt: iso(alert.firedAt),
      resolvedAt: iso(alert.resolvedAt),
      suppressedBy: alert.suppressedBy,
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
