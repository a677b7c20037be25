import { once } from 'node:events';
import type { Client } from '../../api/client.ts';
import { type AuditReportView, type AuditRowView, auditReport } from '../../api/contract/index.ts';
import { verifyStoppedAudit } from '../../compose-audit.ts';
import { AuspexError } from '../../errors.ts';
import { auditSentence } from '../../model/index.ts';
import { configOf, connect, type GlobalOptions } from '../connect.ts';
import { exitCodes, formatTime, type Output, paint, table } from '../output.ts';

const DAY_MS = 86_400_000;

export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  readonly outcome?: AuditRowView['outcome'];
  readonly days?: number;
  readonly limit: number;
}

/** `auspex audit`: what was done, newest first. */
export async function listAudit(client: Client, output: Output, filter: AuditFilter): Promise<number> {
  const { days, limit, ...query } = filter;
  const from = days === undefined ? undefined : new Date(Date.now() - days * DAY_MS).toISOString();
  const items: AuditRowView[] = [];
  for await (const row of client.pages('audit', { query: { ...query, from, limit: Math.min(limit, 500) } })) {
    items.push(row);
    if (items.length >= limit) break;
  }
  output.data({ items }, () => {
    if (items.length === 0) return output.print('Nothing is recorded that fits.');
    output.print(
      table(
        ['', 'when', 'who', 'from', 'what', 'on', 'how it went'],
        items.map((row) => [
          String(row.seq),
          formatTime(row.at),
          row.actor.name === '' ? '–' : row.actor.name,
          row.actor.source ?? '–',
          row.action,
          row.target === '' ? '–' : row.target,
          outcomeText(output, row),
        ]),
      ),
    );
  });
  return exitCodes.fine;
}

function outcomeText(output: Output, { outcome, detail }: AuditRowView): string {
  const reason =
    typeof detail === 'object' && detail !== null && 'reason' in detail ? `: ${String(detail.reason)}` : '';
  if (outcome === 'failed' || outcome === 'refused') return paint(output, 'high', `${outcome}${reason}`);
  return outcome === 'begun' ? '' : outcome;
}

/** `auspex audit verify`: through the server, or on the files of a stopped one; exit 1 where something was tampered with. */
export async function verifyAudit(output: Output, options: GlobalOptions): Promise<number> {
  const report = await reportOf(options);
  output.data(report, () => {
    output.print(paint(output, report.isSound ? 'good' : 'critical', report.sentence));
    if (report.head !== null)
      output.print(`Last row ${report.head.seq}, ${formatTime(report.lastAt)}, hash ${report.head.hash}`);
  });
  if (!report.isSound)
    output.say(
      'Rows before the one named are as they were written. Keep a copy of the home folder, and compare with the last export or backup.',
    );
  return report.isSound ? exitCodes.fine : exitCodes.findings;
}

async function reportOf(options: GlobalOptions): Promise<AuditReportView> {
  try {
    // Without the time limit of other calls: a long log takes its time.
    const response = await connect(options).stream('verifyAudit');
    return auditReport.parse(await response.json());
  } catch (error) {
    const isNamed = options.url !== undefined || (process.env['AUSPEX_URL'] ?? '') !== '';
    if (isNamed || !(error instanceof AuspexError) || error.code !== 'UNREACHABLE') throw error;
  }
  const { config } = configOf(options);
  const { firstAt, lastAt, ...report } = await verifyStoppedAudit(config);
  return {
    ...report,
    isSound: report.fault === null,
    sentence: auditSentence({ ...report, firstAt, lastAt }),
    firstAt: firstAt === null ? null : new Date(firstAt).toISOString(),
    lastAt: lastAt === null ? null : new Date(lastAt).toISOString(),
  };
}

/** `auspex audit export`: the whole log with its hashes on stdout, for who audits. */
export async function exportAudit(client: Client, format: 'csv' | 'json', days: number | undefined): Promise<number> {
  const from = days === undefined ? undefined : new Date(Date.now() - days * DAY_MS).toISOString();
  const response = await client.stream('exportAudit', { query: { format, from } });
  for await (const chunk of response.body ?? []) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
  return exitCodes.fine;
}
