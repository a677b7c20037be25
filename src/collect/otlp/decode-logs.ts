import { BYTES, ProtoReader } from '../remote-write/decode-wire.ts';
import { type Attribute, attributeAt, valueTextAt } from './attributes.ts';
import { type Budgets, identityIn } from './decode-metrics.ts';
import type { ResourceIdentity } from './resource.ts';
import { eachField, type Range, rangeAt, rangesOf, textAt, timeAt, varintAt } from './wire.ts';

export interface LogRecord {
  /** ms UTC, the sender's or, without one, the collector's; 0 for none. */
  readonly at: number;
  /** 1 to 24; 0 for none. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string;
  readonly attributes: readonly Attribute[];
  readonly eventName: string;
}

/** Told of everything in a request, in order. */
export interface LogsVisitor {
  beginResource(identity: ResourceIdentity): void;
  /** `scope` is the logger's name. */
  record(scope: string, record: LogRecord): void;
}

const RECORDS_A_STEP = 500;

/** As `walkMetrics`, for an `ExportLogsServiceRequest`. @throws AuspexError BAD_ENCODING, TOO_LARGE. */
export function* walkLogs(bytes: Uint8Array, visitor: LogsVisitor, budgets: Budgets): Generator<void> {
  const reader = new ProtoReader(bytes);
  let records = 0;
  for (const resource of rangesOf(reader, { from: 0, to: bytes.length }, 1, budgets.messages)) {
    visitor.beginResource(identityIn(reader, resource, budgets));
    for (const scope of rangesOf(reader, resource, 2, budgets.messages)) {
      const name = scopeNameIn(reader, scope);
      for (const record of rangesOf(reader, scope, 2, budgets.messages)) {
        visitor.record(name, recordIn(reader, record, budgets));
        if (++records % RECORDS_A_STEP === 0) yield;
      }
    }
  }
}

function scopeNameIn(reader: ProtoReader, range: Range): string {
  let name = '';
  eachField(reader, range, (field, tag, end) => {
    if (field !== 1) return false;
    reader.expect(tag, BYTES);
    const inner = rangeAt(reader, tag, end);
    const after = reader.pos;
    eachField(reader, inner, (innerField, innerTag, to) => {
      if (innerField !== 1) return false;
      name = textAt(reader, innerTag, to);
      return true;
    });
    reader.pos = after;
    return true;
  });
  return name;
}

function recordIn(reader: ProtoReader, range: Range, budgets: Budgets): LogRecord {
  const attributes: Attribute[] = [];
  const texts = { severityText: '', body: '', eventName: '' };
  let [time, observed, severityNumber] = [0, 0, 0];
  eachField(reader, range, (field, tag, end) => {
    if (field === 1) time = timeAt(reader, tag, end);
    else if (field === 2) severityNumber = varintAt(reader, tag, end);
    else if (field === 3) texts.severityText = textAt(reader, tag, end);
    else if (field === 5) texts.body = valueTextAt(reader, tag, end, budgets.attributes);
    else if (field === 6) attributes.push(attributeAt(reader, tag, end, budgets.attributes));
    else if (field === 11) observed = timeAt(reader, tag, end);
    else if (field === 12) texts.eventName = textAt(reader, tag, end);
    else return false;
    return true;
  });
  return { ...texts, at: time || observed, severityNumber, attributes };
}
