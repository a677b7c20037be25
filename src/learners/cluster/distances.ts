/** Squared distance of two rows over the columns that both have, stretched to all of them; 0 when they share none. */
export function distances(a: Float64Array, from: number, b: Float64Array, at: number, nCols: number): number {
  let sum = 0;
  let known = 0;
  for (let j = 0; j < nCols; j++) {
    const d = a[from + j] - b[at + j];
    if (d !== d) continue;
    sum += d * d;
    known++;
  }
  return known === nCols ? sum : known === 0 ? 0 : (sum * nCols) / known;
}

/** The values with infinite ones as missing, divided by a power of two where their squares would overflow. */
export function columnScales(x: Float64Array): { x: Float64Array; scale: number } {
  let largest = 0;
  let isClean = true;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]);
    if (size === Infinity) isClean = false;
    else if (size > largest) largest = size;
  }
  const scale = largest > 1e100 ? 2 ** Math.ceil(Math.log2(largest) - 1) : 1;
  if (isClean && scale === 1) return { x, scale };
  return { x: x.map((value) => (Math.abs(value) === Infinity ? Number.NaN : value / scale)), scale };
}
