import { DryRun, type TriedAlert } from '../decide/rules/dry-run.ts';
import type { Query } from '../decide/promql/syntax.ts';
import type { MetricStore } from '../model/index.ts';
import { PromqlReader } from './promql-reader.ts';

export interface TrialRequest {
  readonly query: Query;
  readonly forMs: number;
  readonly keepFiringMs: number;
  /** ms UTC. */
  readonly from: number;
  readonly to: number;
}

const HOUR = 3_600_000;
/** A piece of the past that is read at once. */
const PIECE_MS = 3 * HOUR;
const FINE_STEP_MS = 60_000;
const COARSE_STEP_MS = 120_000;
const LIMITS = { series: 2_000, samples: 2_000_000 };

/** When a rule would have fired, minute by minute, of more than two days every other minute. Work of seconds, in slices. */
export async function tryRule(
  metrics: Pick<MetricStore, 'index' | 'range'>,
  request: TrialRequest,
): Promise<readonly TriedAlert[]> {
  const { query, from, to } = request;
  const reader = new PromqlReader(metrics, LIMITS);
  const stepMs = to - from > 48 * HOUR ? COARSE_STEP_MS : FINE_STEP_MS;
  const run = new DryRun(request);
  for (let start = from; start <= to; start += PIECE_MS) {
    const piece = { start, end: Math.min(to, start + PIECE_MS - stepMs), stepMs };
    run.take((await reader.over(query, piece)).value, piece);
  }
  return run.alerts();
}
