import { AuspexError } from '../../errors.ts';
import type { AppendResult } from '../../model/ports.ts';
import type { SampleBatch } from '../../model/series.ts';
import { metrics } from '../../telemetry/metrics.ts';
import type { Decoded, RemoteWriteDecoder, RequestHeaders } from './decode.ts';

export interface RemoteWriteResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body for a sender whose data was not all taken; absent with 204. */
  readonly problem?: AuspexError;
}

const RETRY_AFTER_SECONDS = 5;

/**
 * One remote-write request from body to answer, whatever the HTTP server: 204 once all is durable; 400 or 429 when some
 * was refused and the rest is durable; 4xx when nothing could be taken; 503 with Retry-After when `append` cannot now.
 * Never rejects. Counts `auspex_samples_refused_total`; what is ingested is counted by who appends.
 */
export async function handleRemoteWrite(
  decoder: RemoteWriteDecoder,
  append: (batch: SampleBatch) => Promise<AppendResult>,
  body: Uint8Array,
  headers: RequestHeaders,
): Promise<RemoteWriteResponse> {
  let decoded: Decoded;
  try {
    decoded = decoder.decode(body, headers);
  } catch (thrown) {
    return failed(AuspexError.from(thrown), {});
  }
  const asked = decoded.version === '2.0';
  try {
    if (decoded.batch.count > 0) await append(decoded.batch);
  } catch (thrown) {
    return failed(AuspexError.from(thrown), asked ? writtenHeaders({ samples: 0, histograms: 0, exemplars: 0 }) : {});
  }
  for (const { reason, count } of decoded.refused) metrics.samplesRefused.inc({ reason }, count);
  const written = asked ? writtenHeaders(decoded.written) : {};
  return decoded.error === undefined ? { status: 204, headers: written } : failed(decoded.error, written);
}

function failed(problem: AuspexError, headers: Record<string, string>): RemoteWriteResponse {
  const seconds = Number(problem.data['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS);
  const retry: Record<string, string> = problem.status === 503 ? { 'Retry-After': String(seconds) } : {};
  return { status: problem.status, headers: { ...headers, ...retry }, problem };
}

function writtenHeaders(written: Decoded['written']): Record<string, string> {
  return {
    'X-Prometheus-Remote-Write-Samples-Written': String(written.samples),
    'X-Prometheus-Remote-Write-Histograms-Written': String(written.histograms),
    'X-Prometheus-Remote-Write-Exemplars-Written': String(written.exemplars),
  };
}
