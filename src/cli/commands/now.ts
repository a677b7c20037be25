import type { Client } from '../../api/client.ts';
import type { Anomaly, EntityView, GaugeView } from '../../api/contract/index.ts';
import { formatDuration, formatValue } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, paint, severityMark, table } from '../output.ts';

/** `auspex analyze`: what is going on, what is unusual, what comes next; exit 1 when something is. */
export async function analyze(client: Client, output: Output): Promise<number> {
  const overview = await client.call('overview', {});
  output.data(overview, () => {
    output.print(paint(output, 'strong', overview.sentence));
    for (const host of overview.hosts) output.print(`\n${hostLines(host, output)}`);
    if (overview.alerts.length > 0) {
      output.print(
        `\nAlerts\n${table(
          ['SEVERITY', 'STATE', 'SINCE', 'WHAT'],
          overview.alerts.map((a) => [severityMark(output, a.severity), a.state, formatTime(a.startedAt), a.summary]),
        )}`,
      );
    }
    if (overview.anomalies.length > 0) output.print(`\nUnusual\n${anomalyTable(overview.anomalies, output)}`);
    if (overview.outlook.length > 0) {
      output.print(
        `\nWhat comes next\n${overview.outlook.map((o) => `  ${o.sentence} (${confidenceText(o.confidence)})`).join('\n')}`,
      );
    }
    output.print(`\n${overview.trackRecord.sentence}`);
    if (overview.learning !== null) output.print(paint(output, 'quiet', overview.learning));
  });
  return overview.anomalies.length > 0 || overview.alerts.length > 0 ? exitCodes.findings : exitCodes.fine;
}

export interface AnomaliesOptions {
  readonly status?: 'open' | 'ended';
  readonly host?: string;
  readonly limit: number;
}

/** `auspex anomalies`: the list, newest first; exit 1 when any is open. */
export async function listAnomalies(client: Client, output: Output, options: AnomaliesOptions): Promise<number> {
  const page = await client.call('anomalies', {
    query: {
      limit: options.limit,
      ...(options.status && { status: options.status }),
      ...(options.host && { entity: options.host }),
    },
  });
  output.data(page, () => {
    if (page.items.length === 0) output.print('Nothing unusual found.');
    else output.print(anomalyTable(page.items, output));
    if (page.nextCursor !== null) output.say(`More: --limit ${options.limit * 2}`);
  });
  return page.items.some((item) => item.status === 'open') ? exitCodes.findings : exitCodes.fine;
}

/** `auspex anomalies ID`: one finding with its evidence. */
export async function showAnomaly(client: Client, output: Output, id: string): Promise<number> {
  const finding = await client.call('anomaly', { params: { id } });
  output.data(finding, () => {
    output.print(`${severityMark(output, finding.severity)}  ${paint(output, 'strong', finding.summary)}`);
    output.print(
      `${finding.entityName}, since ${formatTime(finding.onsetAt)}${finding.endedAt === null ? '' : `, ended ${formatTime(finding.endedAt)}`}; confidence ${confidenceText(finding.confidence)}`,
    );
    if (finding.features.length > 0) {
      const rows = finding.features.map((f) => [
        f.feature,
        formatValue(f.value, f.unit),
        `${formatValue(f.lower, f.unit)} – ${formatValue(f.upper, f.unit)}`,
        `${Math.round(f.share * 100)} %`,
      ]);
      output.print(`\n${table(['BECAUSE OF', 'NOW', 'USUALLY', 'SHARE'], rows)}`);
    }
    for (const c of finding.culprits)
      output.print(`\nBehind it: ${c.kind} ${c.name}${c.pid === null ? '' : ` (pid ${c.pid})`}: ${c.evidence}`);
    if (finding.recommendations.length > 0)
      output.print(`\nWhat to do\n${finding.recommendations.map((r) => `  ${r}`).join('\n')}`);
    output.print(`\n${finding.counterfactual}`);
    output.print(
      paint(output, 'quiet', `Say what it was: auspex anomalies confirm ${id} | normal ${id} | dismiss ${id}`),
    );
  });
  return finding.status === 'open' ? exitCodes.findings : exitCodes.fine;
}

export async function judgeAnomaly(
  client: Client,
  output: Output,
  id: string,
  verdict: 'confirmed' | 'normal' | 'dismissed',
): Promise<number> {
  const finding = await client.call('judgeAnomaly', { params: { id }, body: { verdict } });
  const said = {
    confirmed: 'Confirmed',
    normal: 'Noted as normal here; the same will not be reported again',
    dismissed: 'Dismissed',
  } as const;
  output.data(finding, () => output.print(`${said[verdict]}: ${finding.summary}`));
  return exitCodes.fine;
}

/** `auspex performance [HOST]`: the score with its reasons. */
export async function performance(client: Client, output: Output, host: string | undefined): Promise<number> {
  const hosts = await chosen(client, host);
  const scores = await Promise.all(hosts.map((h) => client.call('performance', { params: { id: h.id } })));
  output.data(scores, () => {
    scores.forEach((score, i) => {
      const name = hosts[i]?.name ?? score.entityId;
      if (score.value === null) output.print(`${name}: no score yet. ${score.learning ?? ''}`.trim());
      else
        output.print(
          `${paint(output, 'strong', `${name}: ${Math.round(score.value)} of 100`)} expected in 15 min (${formatValue(score.lower, '')}–${formatValue(score.upper, '')}), confidence ${confidenceText(score.confidence)}`,
        );
      if (score.load !== null)
        output.print(
          `  load ${Math.round(score.load)} of 100${score.loadWarning ? paint(output, 'high', '  above 80') : ''}`,
        );
      output.print(`  ${score.explanation}`);
      for (const r of score.recommendations) output.print(`  → ${r}`);
    });
  });
  return exitCodes.fine;
}

/** `auspex patterns [HOST]`: how the main metrics behave. */
export async function patterns(
  client: Client,
  output: Output,
  host: string | undefined,
  days: number,
): Promise<number> {
  const hosts = await chosen(client, host);
  const answers = await Promise.all(
    hosts.map((h) => client.call('patterns', { params: { id: h.id }, query: { days } })),
  );
  output.data(
    answers.flatMap((a) => a.items),
    () => {
      answers.forEach((answer, i) => {
        output.print(paint(output, 'strong', hosts[i]?.name ?? ''));
        if (answer.items.length === 0) output.print('  Not enough history yet: patterns need about 30 minutes.');
        else {
          const rows = answer.items.map((p) => [
            p.component,
            p.type,
            `${Math.round(p.value * 100)} %`,
            p.periods.map((x) => formatDuration(x.seconds * 1000)).join(', ') || '–',
            `${formatValue(p.robustTrendPerDay, p.unit)} a day`,
            p.explanation,
          ]);
          output.print(table(['METRIC', 'TYPE', 'STRENGTH', 'PERIOD', 'TREND', 'IN WORDS'], rows));
        }
      });
    },
  );
  return exitCodes.fine;
}

export async function analytics(client: Client, output: Output): Promise<number> {
  const a = await client.call('analytics', { query: {} });
  output.data(a, () => {
    output.print(`From ${formatTime(a.fromAt)} to ${formatTime(a.toAt)}`);
    const precision =
      a.anomalies.precision === null
        ? 'nobody has judged one yet'
        : `${Math.round(a.anomalies.precision * 100)} % of the judged ones were right`;
    output.print(
      table(
        ['WHAT', 'HOW MANY', 'OF THOSE'],
        [
          ['points stored', formatValue(a.samples, 'count'), `${a.series} series of ${a.entities} hosts and services`],
          ['anomalies', String(a.anomalies.total), precision],
          ['alerts', String(a.alerts.fired), `${a.alerts.suppressed} held back`],
          ['predictions', String(a.predictions.made), `${a.predictions.scored} scored, ${a.predictions.held} held`],
          ['job runs', String(a.executions.total), `${a.executions.failed} failed`],
          ['models', String(a.models), ''],
        ],
      ),
    );
  });
  return exitCodes.fine;
}

/** The host named, or all hosts. */
export async function chosen(
  client: Client,
  host: string | undefined,
): Promise<readonly { id: string; name: string }[]> {
  if (host !== undefined) {
    const found = await client.call('entity', { params: { id: host } });
    return [found];
  }
  const all = await client.call('entities', {});
  return all.items.filter((item) => item.kind === 'host');
}

export function confidenceText(confidence: {
  value: number;
  band: string;
  source: 'prior' | 'measured';
  sampleCount: number;
}): string {
  const percent = `${Math.round(confidence.value * 100)} %`;
  return confidence.source === 'prior'
    ? `${confidence.band}, ${percent} assumed, not yet measured`
    : `${confidence.band}, ${percent} of ${confidence.sampleCount}`;
}

export function gaugeText(output: Output, gauge: GaugeView): string {
  const own = ['ratio', 'bytes', 'bytes/s', 'seconds'].includes(gauge.unit) ? gauge.unit : '';
  const range =
    gauge.lower === null || gauge.upper === null
      ? ''
      : ` (usually ${formatValue(Math.max(0, gauge.lower), own)}–${formatValue(gauge.upper, own)})`;
  const text = `${gauge.label} ${formatValue(gauge.value, gauge.unit)}`;
  return `${gauge.unusual ? paint(output, 'high', `▲ ${text}`) : text}${paint(output, 'quiet', range)}`;
}

function hostLines(host: EntityView & { gauges: GaugeView[] }, output: Output): string {
  const health = host.health === null ? '' : `, health ${Math.round(host.health)}`;
  return `${paint(output, 'strong', host.name)}: ${host.sentence}${health}\n${host.gauges.map((g) => `  ${gaugeText(output, g)}`).join('\n')}`;
}

function anomalyTable(items: readonly Anomaly[], output: Output): string {
  return table(
    ['SEVERITY', 'HOST', 'SINCE', 'STATE', 'WHAT', 'ID'],
    items.map((a) => [
      severityMark(output, a.severity),
      a.entityName,
      formatTime(a.onsetAt),
      a.verdict === 'none' ? a.status : a.verdict,
      a.summary,
      a.id,
    ]),
  );
}
