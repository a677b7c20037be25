import { type ErrorEvent, type Labels, labelsFrom, LOG_RECORDS_METRIC, METRIC_NAME } from '../../model/index.ts';
import type { LabelLimits } from '../remote-write/decode-labels.ts';
import type { LogRecord, LogsVisitor } from './decode-logs.ts';
import type { LogCounts } from '../logs/log-counts.ts';
import { SEVERITIES, severityOfWord } from '../logs/severity.ts';
import { OtlpRefusals } from './refusals.ts';
import type { ResourceIdentity } from './resource.ts';

const FIRST_ERROR = 17;
/** Of one error: its message may be a whole page. */
const MOST_MESSAGE = 8_192;
const MOST_STACK = 32_768;
/** Errors of one request that are looked at one by one; those beyond are counted only. */
const MOST_ERRORS = 5_000;

/** Counts the records of one request by service and severity, and picks out the errors. */
export class LogMapper implements LogsVisitor {
  readonly refusals: OtlpRefusals;
  readonly errors: ErrorEvent[] = [];
  readonly #limits: LabelLimits & { readonly futureMs: number };
  readonly #now: number;
  readonly #counts: LogCounts;
  readonly #counted = new Map<string, { readonly sender: Labels; readonly severity: string; count: number }>();
  #labels: Labels = [];
  #fault: string | null = null;

  constructor(options: {
    readonly limits: LabelLimits & { readonly futureMs: number };
    readonly now: number;
    readonly counts: LogCounts;
  }) {
    this.#limits = options.limits;
    this.#now = options.now;
    this.#counts = options.counts;
    this.refusals = new OtlpRefusals('log record', options.limits.futureMs);
  }

  beginResource({ service, serviceLabels, hostLabels }: ResourceIdentity): void {
    const own = service === null ? (hostLabels ?? serviceLabels) : serviceLabels;
    const { labelValueBytes, labelsPerSeries } = this.#limits;
    const isLong = own.some(([, value]) => Buffer.byteLength(value) > labelValueBytes || value.includes('\u0000'));
    this.#fault =
      own.length + 2 > labelsPerSeries || isLong ? 'a resource whose attributes are too many or too long' : null;
    this.#labels = labelsFrom([...own, [METRIC_NAME, LOG_RECORDS_METRIC]]);
  }

  record(scope: string, record: LogRecord): void {
    if (this.#fault !== null) return this.refusals.add('labels', this.#fault);
    if (record.at > this.#now + this.#limits.futureMs) return this.refusals.add('future', nameIn(this.#labels));
    const severity = severityOf(record);
    const key = `${severity}\n${this.#labels.join('\n')}`;
    const known = this.#counted.get(key);
    if (known !== undefined) known.count++;
    else this.#counted.set(key, { sender: this.#labels, severity, count: 1 });
    const attributes = new Map(record.attributes);
    const type = attributes.get('exception.type') ?? '';
    const isError =
      record.severityNumber >= FIRST_ERROR ||
      severity === 'error' ||
      severity === 'fatal' ||
      type !== '' ||
      attributes.has('exception.message');
    if (isError && this.errors.length < MOST_ERRORS) this.errors.push(this.#errorOf(scope, record, attributes));
  }

  /** What was counted counts from now on: after the whole request was read. */
  count(): void {
    for (const { sender, severity, count } of this.#counted.values())
      this.#counts.add(sender, [['severity', severity]], count);
  }

  #errorOf(scope: string, record: LogRecord, attributes: ReadonlyMap<string, string>): ErrorEvent {
    const message = attributes.get('exception.message') || record.body || record.eventName;
    return {
      at: record.at > 0 ? record.at : this.#now,
      labels: this.#labels,
      component: scope.slice(0, 200),
      type: (attributes.get('exception.type') ?? '').slice(0, 500),
      code: (attributes.get('error.code') ?? attributes.get('error.type') ?? '').slice(0, 100),
      message: message.slice(0, MOST_MESSAGE),
      stack: (attributes.get('exception.stacktrace') ?? '').slice(0, MOST_STACK),
    };
  }
}

function severityOf({ severityNumber, severityText }: LogRecord): string {
  if (severityNumber >= 1 && severityNumber <= 24)
    return SEVERITIES[Math.floor((severityNumber - 1) / 4)] ?? 'unspecified';
  return severityOfWord(severityText) ?? 'unspecified';
}

function nameIn(labels: Labels): string {
  const at = ['instance', 'service_name', 'job'].map((name) => labels.indexOf(name)).find((i) => i >= 0);
  return at === undefined ? 'a sender' : (labels[at + 1] ?? 'a sender');
}
