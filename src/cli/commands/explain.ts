import type { Client } from '../../api/client.ts';
import type { AlertView, AnomalyDetail, OperationOutput } from '../../api/contract/index.ts';
import { AuspexError } from '../../errors.ts';
import { formatDuration, formatValue } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, paint, severityMark, table } from '../output.ts';
import { explainIncident } from './incidents.ts';
import { confidenceText } from './now.ts';

/** `auspex explain ID`: why an incident, an alert or a finding is what it is, and what would have changed it. */
export async function explain(client: Client, output: Output, id: string): Promise<number> {
  const incident = await orNone(client.call('incident', { params: { id } }));
  if (incident !== null) {
    await explainIncident(client, output, incident);
    return exitCodes.fine;
  }
  const alert = await orNone(client.call('alert', { params: { id } }));
  if (alert !== null) {
    await explainAlert(client, output, alert);
    return exitCodes.fine;
  }
  const finding = await orNone(client.call('anomaly', { params: { id } }));
  if (finding === null)
    throw new AuspexError('NOT_FOUND', `There is no incident, alert or finding with the id “${id}”.`);
  explainFinding(output, finding);
  return exitCodes.fine;
}

async function orNone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (AuspexError.from(error).code === 'NOT_FOUND') return null;
    throw error;
  }
}

type Rule = OperationOutput<'alertRules'>['items'][number];

async function explainAlert(client: Client, output: Output, alert: OperationOutput<'alert'>): Promise<void> {
  const rule = (await client.call('alertRules', {})).items.find(({ name }) => name === alert.rule) ?? null;
  const incident =
    alert.incidentId === null ? null : await orNone(client.call('incident', { params: { id: alert.incidentId } }));
  const record = alert.kind === 'forecast' ? await foreseenRecord(client, alert) : '';
  output.data({ kind: 'alert', alert, rule, incident }, () => {
    output.print(`${severityMark(output, alert.severity)}  ${paint(output, 'strong', alert.summary)}`);
    const end = alert.resolvedAt === null ? '' : `, over at ${formatTime(alert.resolvedAt)}`;
    output.print(`${alert.entityName}, ${alert.subject}: ${alert.state}, since ${formatTime(alert.startedAt)}${end}`);
    output.print(`\nWhy it is there\n  ${ruleText(alert, rule)}`);
    if (alert.kind === 'forecast') output.print(`  ${record}`);
    else if (alert.value !== null)
      output.print(
        `  Value ${formatValue(alert.value, alert.unit)}${alert.limit === null ? '' : `, limit ${formatValue(alert.limit, alert.unit)}`}.`,
      );
    if (alert.findingId !== null) output.print(`  Its evidence: auspex explain ${alert.findingId}`);
    output.print(`\nWhether people were told\n  ${alertToldText(alert, rule, incident)}`);
    if (alert.steps.length > 0) output.print('\nWhat became of it, and why');
    for (const step of alert.steps) output.print(`  ${formatTime(step.at)}  ${step.kind}: ${step.text}`);
    if (incident !== null)
      output.print(`\nPart of an incident\n  ${incident.title}\n  Why: auspex explain ${incident.id}`);
    output.print(`\nWhat would have changed it: ${alertCounterfactual(alert, rule)}`);
    if (alert.action !== '') output.print(`What to do: ${alert.action}`);
  });
}

/** What stands behind a warning: its chance when it was last looked at, and how such warnings did. */
async function foreseenRecord(client: Client, alert: AlertView): Promise<string> {
  const { items } = await client.call('outlook', { query: { entity: alert.entityId, hours: 24 * 30 } });
  const item = items.find(({ component }) => component === alert.subject);
  const type = alert.rule === 'capacity-short' ? 'capacity' : 'bottleneck';
  const ledger = item === undefined ? (await client.call('ledger', { query: { type } })).items[0] : undefined;
  const chance =
    alert.value === null || type === 'capacity' ? '' : `Its chance: ${formatValue(alert.value, 'ratio')}. `;
  return `${chance}${item?.record ?? ledger?.sentence ?? 'No such forecast has been judged yet.'}`;
}

function ruleText(alert: AlertView, rule: Rule | null): string {
  if (alert.kind === 'external')
    return `Another system says so, under the name ${alert.rule}; Auspex took it as it came.`;
  if (rule === null) return `Rule ${alert.rule}, which is not in force any more.`;
  const held = rule.forSeconds === 0 ? '' : `, for ${formatDuration(rule.forSeconds * 1000)}`;
  return `Rule ${alert.rule}: ${rule.condition}${held}.`;
}

function alertToldText(alert: AlertView, rule: Rule | null, incident: { toldAt: string | null } | null): string {
  if (alert.state === 'pending')
    return `Not yet: the condition has to hold${rule === null ? ' a while' : ` for ${formatDuration(rule.forSeconds * 1000)}`} first.`;
  if (alert.firedAt === null) return 'No: it was over before it had held long enough.';
  if (alert.suppressedBy !== null) return `No. ${alert.suppressedBy}`;
  if (incident === null) return `It fired at ${formatTime(alert.firedAt)}; nothing held it back.`;
  if (incident.toldAt === null) return 'It fired, and its incident has not been told.';
  return `Yes, at ${formatTime(incident.toldAt)}, with its incident.`;
}

function alertCounterfactual(alert: AlertView, rule: Rule | null): string {
  if (alert.kind === 'external') return 'only the system that sent it knows.';
  if (alert.kind === 'forecast')
    return 'a figure that stood still or fell for some minutes, or more room below its limit.';
  if (alert.value !== null && alert.limit !== null) {
    const side = alert.value >= alert.limit ? 'below' : 'above';
    return `a value ${side} ${formatValue(alert.limit, alert.unit)} would not have raised it${rule === null || rule.forSeconds === 0 ? '' : `, nor one that came back within ${formatDuration(rule.forSeconds * 1000)}`}.`;
  }
  if (alert.kind === 'absence') return 'one sample within that time.';
  return alert.findingId === null ? 'its condition not holding.' : `see auspex explain ${alert.findingId}`;
}

function explainFinding(output: Output, finding: AnomalyDetail): void {
  output.data({ kind: 'finding', finding }, () => {
    output.print(`${severityMark(output, finding.severity)}  ${paint(output, 'strong', finding.summary)}`);
    output.print(
      `${finding.entityName}, since ${formatTime(finding.onsetAt)}${finding.endedAt === null ? '' : `, ended ${formatTime(finding.endedAt)}`}; noticed ${formatTime(finding.detectedAt)} by the ${finding.detector} detector, score ${finding.score.toFixed(3)} of 1`,
    );
    const rows = finding.features.map((f) => [
      f.feature,
      formatValue(f.value, f.unit),
      f.lower === null && f.upper === null
        ? formatValue(f.expected, f.unit)
        : `${formatValue(f.lower, f.unit)} – ${formatValue(f.upper, f.unit)}`,
      `${Math.round(f.share * 100)} %`,
    ]);
    output.print(
      rows.length === 0
        ? '\nWhat drove the score is not kept any more.'
        : `\n${table(['BECAUSE OF', 'VALUE', 'USUALLY', 'SHARE'], rows)}`,
    );
    for (const c of finding.culprits)
      output.print(`Behind it: ${c.kind} ${c.name}${c.pid === null ? '' : ` (pid ${c.pid})`}: ${c.evidence}`);
    output.print(
      `\nWhether it may page: ${finding.pages ? 'yes' : 'no, it is shown only'}. Confidence ${confidenceText(finding.confidence)}.`,
    );
    const { confirmed, dismissed, normal } = finding.trackRecord;
    output.print(
      `Of this detector’s findings people confirmed ${confirmed}, dismissed ${dismissed} and called ${normal} normal.`,
    );
    if (finding.counterfactual !== '') output.print(`\nWhat would have had to be different: ${finding.counterfactual}`);
  });
}
