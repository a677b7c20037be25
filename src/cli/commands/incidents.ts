import type { Client } from '../../api/client.ts';
import type { AlertView, Incident, IncidentChange, IncidentDetail } from '../../api/contract/index.ts';
import { incidentClassWords } from '../../api/contract/incident-words.ts';
import { formatDuration } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, paint, severityMark, table } from '../output.ts';

export interface IncidentsOptions {
  readonly state?: 'open' | 'resolved';
  readonly host?: string;
  readonly limit: number;
}

/** `auspex incidents`: the list, newest first; exit 1 when any is open. */
export async function listIncidents(client: Client, output: Output, options: IncidentsOptions): Promise<number> {
  const page = await client.call('incidents', {
    query: {
      limit: options.limit,
      ...(options.state && { state: options.state }),
      ...(options.host && { entity: options.host }),
    },
  });
  output.data(page, () => {
    // What became part of another is told there.
    const shown = page.items.filter(({ mergedInto }) => mergedInto === null);
    if (shown.length === 0) output.print(options.state === 'open' ? 'No incident is open.' : 'No incidents.');
    else output.print(incidentTable(shown, output));
    if (page.nextCursor !== null) output.say(`More: --limit ${options.limit * 2}`);
  });
  return page.items.some(({ state }) => state === 'open') ? exitCodes.findings : exitCodes.fine;
}

/** `auspex incidents show ID`: what it is, who may be behind it, its signs; exit 1 while it is open. */
export async function showIncident(client: Client, output: Output, id: string): Promise<number> {
  const incident = await client.call('incident', { params: { id } });
  output.data(incident, () => {
    output.print(headOf(incident, output));
    if (incident.business !== null) output.print(`\n${businessText(incident.business)}`);
    if (incident.causes.length > 0) output.print(`\nLikely behind it\n${causeLines(incident.causes)}`);
    output.print(`\n${signTable(incident, output)}`);
    const open = incident.state === 'open';
    const words = open ? `ack ${id} | confirm ${id} | dismiss ${id}` : `confirm ${id} | dismiss ${id}`;
    output.print(paint(output, 'quiet', `\nWhy: auspex explain ${id}. Say what it was: auspex incidents ${words}`));
  });
  return incident.state === 'open' ? exitCodes.findings : exitCodes.fine;
}

const said = {
  acknowledge: 'Acknowledged',
  confirmed: 'Confirmed: its findings count as right',
  dismissed: 'Dismissed: it is over, and its findings count as wrong',
} as const;

/** `auspex incidents ack|confirm|dismiss ID`. */
export async function changeIncident(
  client: Client,
  output: Output,
  id: string,
  what: keyof typeof said,
): Promise<number> {
  const body: IncidentChange = what === 'acknowledge' ? { kind: what } : { kind: 'judge', verdict: what };
  const incident = await client.call('changeIncident', { params: { id }, body });
  output.data(incident, () => output.print(`${said[what]}: ${incident.title}`));
  return exitCodes.fine;
}

/** `auspex incidents note ID TEXT`. */
export async function noteIncident(client: Client, output: Output, id: string, text: string): Promise<number> {
  const incident = await client.call('changeIncident', { params: { id }, body: { kind: 'note', text } });
  output.data(incident, () => output.print(`Noted on: ${incident.title}`));
  return exitCodes.fine;
}

/** `auspex explain ID` of an incident: every step with its reason, every sign with why it belongs to it, the causes. */
export async function explainIncident(client: Client, output: Output, incident: IncidentDetail): Promise<void> {
  const alerts: AlertView[] = [];
  for await (const alert of client.pages('alerts', { query: { incident: incident.id, limit: 500 } }))
    alerts.push(alert);
  const hasChannel = (await client.call('channels', {})).items.length > 0;
  output.data({ kind: 'incident', incident, alerts }, () => {
    output.print(headOf(incident, output));
    if (incident.business !== null) output.print(`\n${businessText(incident.business)}`);
    output.print('\nWhat was decided, and why');
    for (const step of incident.steps)
      output.print(`  ${formatTime(step.at)}  ${step.kind}${step.by === null ? '' : ` by ${step.by}`}: ${step.text}`);
    output.print('\nWhy these signs belong together');
    for (const sign of incident.signs)
      output.print(
        `  ${sign.entityName}: ${sign.summary}\n    ${sign.reason === '' ? 'It opened the incident.' : sign.reason}`,
      );
    output.print('\nLikely behind it');
    output.print(
      incident.causes.length === 0
        ? '  Nothing stands out yet: no series of the hosts and services around changed in a way that is known.'
        : `${causeLines(incident.causes)}\n  ${SCORES}`,
    );
    for (const { name, counterfactual } of incident.causes)
      if (counterfactual !== '') output.print(`  ${name}: ${counterfactual}`);
    for (const snapshot of incident.diagnostics) output.print(`\n${snapshotText(snapshot)}`);
    output.print(`\n${toldText(incident, alerts)}`);
    if (!hasChannel) output.print('No channel is set up: it stands on the page and in the API only.');
    for (const message of incident.messages.toReversed()) output.print(`  ${messageText(message)}`);
    if (incident.escalation !== null)
      output.print(
        `  If nobody takes it, step ${incident.escalation.step} of the escalation “${incident.escalation.policy}” follows at ${formatTime(incident.escalation.dueAt)}.`,
      );
    if (incident.priority !== null)
      output.print(`\nPriority ${incident.priority.value} of 100. ${incident.priority.reason}`);
    for (const alert of alerts)
      if (alert.suppressedBy !== null)
        output.print(`  Not told: ${alert.entityName}: ${alert.summary}\n    ${alert.suppressedBy}`);
    const isByHand = incident.pinned.class || incident.pinned.severity;
    output.print(`\nWhat would have changed it: ${APART}${isByHand ? ' What a person set by hand stays.' : ''}`);
    const { priority } = incident;
    if (priority !== null && priority.counterfactual !== null) output.print(priority.counterfactual);
  });
}

function snapshotText({ at, reason, suspect, sections }: IncidentDetail['diagnostics'][number]): string {
  const why = reason === 'opened' ? 'as it opened' : `when ${suspect ?? 'another'} was suspected`;
  const lines = sections.flatMap((one) => [`  ${one.title}`, ...one.lines.map((line) => `    ${line}`)]);
  return [
    `Gathered at ${formatTime(at)}, ${why}`,
    ...(lines.length === 0 ? ['  Nothing that could be told.'] : lines),
  ].join('\n');
}

const APART =
  'a sign that began later (10 min on the same host or service, 5 min on one that is tied to it), or on what has nothing to do with it, would be an incident of its own.';
/** Says so wherever scores of causes are shown. */
const SCORES = 'The scores weigh the evidence against one another; they are no probabilities.';

function toldText(incident: Incident, alerts: readonly AlertView[]): string {
  if (incident.toldAt !== null)
    return `People were told at ${formatTime(incident.toldAt)}, once for all alerts of the incident.`;
  if (incident.wouldBeToldAt !== null)
    return `Nobody was told: people would have been at ${formatTime(incident.wouldBeToldAt)}, but no channel takes it.`;
  if (incident.priority?.toldAs === 'nobody') return `Nobody was told. ${incident.priority.reason}`;
  if (alerts.length === 0) return 'Nobody was told: no alert of it fired, it consists of findings alone.';
  return 'Nobody was told: each alert of it was held back.';
}

const messageWords = { firing: 'told', resolved: 'told of its end', escalated: 'told again', test: 'tested' } as const;

/** One message of the outbox: who, what, and whether it arrived. */
function messageText(message: IncidentDetail['messages'][number]): string {
  const { channel, receiver, kind, state, lastError, tries } = message;
  const who = receiver === null ? channel : `${receiver} by ${channel}`;
  const what = messageWords[kind];
  if (state === 'delivered') return `${who}: ${what} at ${formatTime(message.deliveredAt)}`;
  if (state === 'given-up') return `${who}: not ${what}. ${lastError ?? ''}`.trimEnd();
  if (message.keptUntilAt !== null)
    return `${who}: waits for the end of its quiet hours at ${formatTime(message.keptUntilAt)}`;
  return `${who}: waits, tried ${tries === 1 ? 'once' : `${tries} times`}${lastError === null ? '' : `: ${lastError}`}`;
}

function headOf(incident: Incident, output: Output): string {
  const end = incident.resolvedAt ?? new Date().toISOString();
  const lasted = formatDuration(Math.max(0, Date.parse(end) - Date.parse(incident.startedAt)));
  const place =
    incident.state === 'open'
      ? `open since ${formatTime(incident.startedAt)}, for ${lasted}`
      : `from ${formatTime(incident.startedAt)} to ${formatTime(incident.resolvedAt)}, ${lasted}`;
  const facts = [
    incidentClassWords[incident.class],
    place,
    `on ${incident.entities.map(({ name }) => name).join(', ')}`,
    incident.toldAt === null ? 'nobody was told' : `told ${formatTime(incident.toldAt)}`,
    ...(incident.assignee === null ? [] : [`${incident.assignee} has it`]),
    ...(incident.verdict === 'none' ? [] : [incident.verdict]),
    ...(incident.mergedInto === null ? [] : [`part of ${incident.mergedInto}`]),
  ];
  return `${severityMark(output, incident.severity)}  ${paint(output, 'strong', incident.title)}\n${facts.join('; ')}`;
}

function businessText({ from, to, items, leftOut }: NonNullable<IncidentDetail['business']>): string {
  const more =
    leftOut === 0 ? [] : [`  Not looked at: ${leftOut} more business ${leftOut === 1 ? 'metric' : 'metrics'}.`];
  const lines = [...items.map(({ text }) => `  ${text}`), ...more];
  return [`The business from ${formatTime(from)} to ${formatTime(to)}`, ...lines].join('\n');
}

function causeLines(causes: IncidentDetail['causes']): string {
  return causes
    .map(({ name, score, reasons }) => {
      const full = Math.round(score * 10);
      return `  ${'█'.repeat(full)}${'░'.repeat(10 - full)} ${score.toFixed(2)}  ${name}. ${reasons.join(' ')}`.trimEnd();
    })
    .join('\n');
}

function signTable(incident: IncidentDetail, output: Output): string {
  return table(
    ['SIGN', 'HOST', 'SINCE', 'UNTIL', 'WHAT', 'ID'],
    incident.signs.map((sign) => [
      severityMark(output, sign.severity),
      sign.entityName,
      formatTime(sign.startedAt),
      sign.endedAt === null ? 'goes on' : formatTime(sign.endedAt),
      sign.summary,
      sign.id,
    ]),
  );
}

function incidentTable(items: readonly Incident[], output: Output): string {
  return table(
    ['SEVERITY', 'WHAT', 'STATE', 'SINCE', 'CAUSE', 'TOLD', 'WHO', 'ID'],
    items.map((one) => [
      severityMark(output, one.severity),
      one.title,
      one.verdict === 'none' ? (one.state === 'open' && one.acknowledgedAt !== null ? 'seen' : one.state) : one.verdict,
      formatTime(one.startedAt),
      one.cause ?? '–',
      one.toldAt === null ? 'nobody' : formatTime(one.toldAt),
      one.assignee ?? '–',
      one.id,
    ]),
  );
}
