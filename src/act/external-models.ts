import { z } from 'zod';
import { AuspexError } from '../errors.ts';
import { type Outbound, placeOf } from '../platform/outbound.ts';

export interface ExternalModel {
  readonly name: string;
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token: string | null;
  readonly timeout: number;
}

export interface ExternalAnswer {
  readonly value: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

const bound = z.number().nullable().default(null);
const answers = z.object({
  predictions: z.array(
    z.union([
      z.number().transform((value) => ({ value, lower: null, upper: null })),
      z.tuple([z.number()]).transform(([value]) => ({ value, lower: null, upper: null })),
      z.object({ value: z.number(), lower: bound, upper: bound }),
    ]),
  ),
});

/**
 * Asks a model elsewhere by the protocol that TensorFlow Serving and KServe share: `{"instances": […]}` is answered by
 * `{"predictions": […]}`, a number or `{value, lower, upper}` for each. Rejects with OUTBOUND_REFUSED, UNREACHABLE, and
 * EXTERNAL_MODEL_FAILED for any other answer.
 */
export async function askExternalModel(
  outbound: Outbound,
  { name, url, token, timeout }: ExternalModel,
  rows: readonly Readonly<Record<string, number | null>>[],
): Promise<readonly ExternalAnswer[]> {
  const place = placeOf(new URL(url));
  const failed = (what: string): AuspexError =>
    new AuspexError('EXTERNAL_MODEL_FAILED', `${name} at ${place} ${what}.`);
  const { status, body } = await outbound.request(url, {
    method: 'POST',
    purpose: 'configured',
    timeoutMs: timeout,
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ instances: rows }),
  });
  if (status !== 200) throw failed(`answered HTTP ${status}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw failed('did not answer JSON');
  }
  const read = answers.safeParse(json);
  if (!read.success) throw failed('did not answer {"predictions": [number, …]}');
  const { predictions } = read.data;
  if (predictions.length !== rows.length) throw failed(`gave ${predictions.length} answers to ${rows.length} rows`);
  return predictions;
}
