import { formatValue } from '../model/index.ts';
import type { Capacity } from './capacity.ts';

/** `web-1’s memory used reaches 95 % at its peak in 12 days (8–20), by 2 % a week`. */
export function capacitySentence(
  found: Capacity,
  of: { readonly subject: string; readonly unit: string; readonly limit: number },
): string {
  const { inDays, from, to, perWeek } = found;
  const limit = formatValue(of.limit, of.unit);
  if (inDays === null) return `${of.subject} stays below ${limit} for 30 days`;
  const range = to === null ? `${from ?? inDays} or more` : `${from ?? inDays}–${to}`;
  const about = `${inDays} ${inDays === 1 ? 'day' : 'days'}`;
  const when = range === `${inDays}–${inDays}` ? about : `${about} (${range})`;
  const growth = perWeek > 0 ? `, by ${formatValue(perWeek, of.unit)} a week` : '';
  return `${of.subject} reaches ${limit} at its peak in ${when}${growth}`;
}

/** How much to add, and by when. */
export function capacityAdvice({ add, from, inDays }: Capacity): string {
  if (add <= 0) return 'There is enough for 30 days';
  const by = from ?? inDays;
  const when = by === null ? '' : ` within ${by} ${by === 1 ? 'day' : 'days'}`;
  return `Add ${formatValue(add, 'ratio')} of what there is${when}, so that the peaks of the next 30 days use 80 %`;
}
