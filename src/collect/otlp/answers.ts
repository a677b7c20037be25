import type { AuspexError } from '../../errors.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import type { OtlpRefusals } from './refusals.ts';

export type OtlpFormat = 'protobuf' | 'json';

export interface OtlpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<OtlpFormat, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};
/** Numbers of google.rpc.Code. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 413: 3, 415: 3, 429: 8, 503: 14 };
const INTERNAL = 13;
const RETRY_AFTER_SECONDS = 5;

/** `Export…ServiceResponse` in the encoding of the request; with `partial_success` where something was refused. */
export function answerOf(signal: 'metrics' | 'logs', refusals: OtlpRefusals, format: OtlpFormat): OtlpAnswer {
  const { count } = refusals;
  const message = hideSecrets(refusals.message());
  const field = signal === 'metrics' ? 'rejectedDataPoints' : 'rejectedLogRecords';
  const json = count === 0 ? {} : { partialSuccess: { [field]: String(count), errorMessage: message } };
  const partial = Buffer.concat([number(1, count), text(2, message)]);
  const bytes = count === 0 ? Buffer.alloc(0) : Buffer.concat([tag(1, 2), varint(partial.length), partial]);
  return {
    status: 200,
    headers: { 'content-type': TYPES[format] },
    body: format === 'json' ? Buffer.from(JSON.stringify(json)) : bytes,
  };
}

/** A failure as google.rpc.Status, as the protocol asks; with Retry-After where coming again helps. */
export function failureOf(error: AuspexError, format: OtlpFormat): OtlpAnswer {
  const code = CODES[error.status] ?? INTERNAL;
  const message =
    error.code === 'INTERNAL'
      ? 'The cause stands in the log of the server.'
      : `${error.code}: ${hideSecrets(error.message)}`;
  const seconds = Number(error.data['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS);
  const mayComeAgain = error.status === 429 || error.status === 503;
  return {
    status: error.status,
    headers: { 'content-type': TYPES[format], ...(mayComeAgain ? { 'retry-after': String(Math.ceil(seconds)) } : {}) },
    body:
      format === 'json'
        ? Buffer.from(JSON.stringify({ code, message }))
        : Buffer.concat([number(1, code), text(2, message)]),
  };
}

function tag(field: number, wireType: number): Buffer {
  return Buffer.from([(field << 3) | wireType]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

function text(field: number, value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
