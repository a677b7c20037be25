import type { OperationInput, OperationOutput } from '../../contract/index.ts';
import type { ServerParts } from '../ports.ts';
import { finite } from '../wire.ts';
import { chartRange } from './chart-range.ts';

export async function seriesScoresOf(
  parts: ServerParts,
  { ref, only, limit, ...range }: OperationInput<'seriesScores'>['query'],
): Promise<OperationOutput<'seriesScores'>> {
  const { from, to } = chartRange(range, parts.clock.now());
  const scores = await parts.engine.seriesScores(ref, from, to);
  const rows: number[] = [];
  for (let row = 0; row < scores.times.length; row++)
    if (only === 'all' || scores.severity[row] !== 'none') rows.push(row);
  const latest = rows.slice(-limit);
  const numbers = (column: Float64Array): number[] => latest.map((row) => column[row] ?? 0);
  const known = (column: Float64Array): (number | null)[] => numbers(column).map(finite);
  return {
    ref,
    timesMs: numbers(scores.times),
    values: known(scores.values),
    score: numbers(scores.score),
    expected: known(scores.expected),
    lower: known(scores.lower),
    upper: known(scores.upper),
    severity: latest.map((row) => scores.severity[row] ?? 'none'),
    truncated: latest.length < rows.length,
  };
}
