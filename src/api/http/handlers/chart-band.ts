import type { OperationInput, OperationOutput } from '../../contract/index.ts';
import type { ServerParts } from '../ports.ts';
import { finite } from '../wire.ts';
import { chartRange, stepFor } from './chart-range.ts';

/** The expected band of one series by steps of the range. An answer of its own: a line does not wait for its band. */
export async function chartBandOf(
  parts: ServerParts,
  query: OperationInput<'chartBand'>['query'],
): Promise<OperationOutput<'chartBand'>> {
  const { from, to } = chartRange(query, parts.clock.now());
  const stepMs = stepFor(to - from, query.points);
  const band = await parts.engine.expectedOver(query.ref, from, to, stepMs);
  return {
    ref: query.ref,
    stepMs,
    timesMs: Array.from(band.times),
    mean: Array.from(band.mean, finite),
    lower: Array.from(band.lower, finite),
    upper: Array.from(band.upper, finite),
  };
}
