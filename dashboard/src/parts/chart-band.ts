import type uPlot from 'uplot';

/** What was expected at each moment, before it came; nulls where nothing was. */
export interface Band {
  readonly times: readonly number[];
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

/** Fills between lower and upper, one shape for each stretch that has both. */
export function drawBand(u: uPlot, band: Band, colour: string): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour;
  for (const [first, end] of stretches(band)) {
    ctx.beginPath();
    for (let i = first; i < end; i++)
      ctx.lineTo(u.valToPos(band.times[i] ?? 0, 'x', true), u.valToPos(band.upper[i] ?? 0, 'y', true));
    for (let i = end - 1; i >= first; i--)
      ctx.lineTo(u.valToPos(band.times[i] ?? 0, 'x', true), u.valToPos(band.lower[i] ?? 0, 'y', true));
    ctx.closePath();
    ctx.fill();
  }
  ctx.restore();
}

/** From and behind, by index, of each run without a null. */
export function stretches({ times, lower, upper }: Band): [number, number][] {
  const found: [number, number][] = [];
  let first = -1;
  for (let i = 0; i <= times.length; i++) {
    const known = i < times.length && (lower[i] ?? null) !== null && (upper[i] ?? null) !== null;
    if (known && first === -1) first = i;
    if (known || first === -1) continue;
    found.push([first, i]);
    first = -1;
  }
  return found;
}

/** The band up to the end of a range that is now, by what is usual now. */
export function bandUntil(
  band: Band | null,
  toMs: number,
  now: { readonly lower: number; readonly upper: number } | null,
): Band | null {
  if (band === null || now === null || (band.times.at(-1) ?? toMs) >= toMs) return band;
  return {
    times: [...band.times, toMs],
    lower: [...band.lower, now.lower],
    upper: [...band.upper, now.upper],
  };
}

/** What was expected at a time; null where nothing was. O(log n). */
export function bandAt(band: Band, at: number): { readonly lower: number; readonly upper: number } | null {
  let low = 0;
  let high = band.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((band.times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const lower = band.lower[low - 1] ?? null;
  const upper = band.upper[low - 1] ?? null;
  return lower === null || upper === null ? null : { lower, upper };
}
