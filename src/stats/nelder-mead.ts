/**
 * The downhill simplex (Nelder and Mead 1965): looks for the point where `cost` is lowest, from `start` with first steps
 * of `size`. Ends after `maxEvaluations` or when the simplex is flat to one in 10^`digits`. A cost of NaN counts as infinite. Finds
 * a low point near the start, not the lowest of all; weak beyond about ten dimensions. Deterministic.
 */
export function nelderMead(
  cost: (point: Float64Array) => number,
  start: Float64Array,
  size: number,
  maxEvaluations: number,
  digits = 6,
): { point: Float64Array; cost: number } {
  const n = start.length;
  let evaluations = 0;
  const at = (point: Float64Array): number => {
    evaluations++;
    const value = cost(point);
    return value === value ? value : Infinity;
  };
  const points: Float64Array[] = Array.from({ length: n + 1 }, (_, i) => {
    const point = Float64Array.from(start);
    if (i > 0) point[i - 1] += size;
    return point;
  });
  const costs = Float64Array.from(points, at);
  if (n === 0) return { point: points[0], cost: costs[0] };
  const tolerance = 10 ** -digits;
  const centre = new Float64Array(n);
  const moved = (from: Float64Array, by: number): Float64Array => {
    const out = new Float64Array(n);
    for (let d = 0; d < n; d++) out[d] = centre[d] + by * (from[d] - centre[d]);
    return out;
  };
  while (evaluations < maxEvaluations) {
    let best = 0;
    let worst = 0;
    for (let i = 1; i <= n; i++) {
      if (costs[i] < costs[best]) best = i;
      if (costs[i] >= costs[worst]) worst = i;
    }
    let second = best;
    for (let i = 0; i <= n; i++) if (i !== worst && costs[i] >= costs[second]) second = i;
    if (Math.abs(costs[worst] - costs[best]) <= tolerance * (Math.abs(costs[best]) + 1e-300)) break;
    centre.fill(0);
    for (let i = 0; i <= n; i++) if (i !== worst) for (let d = 0; d < n; d++) centre[d] += points[i][d] / n;
    const take = (point: Float64Array, value: number): void => {
      points[worst] = point;
      costs[worst] = value;
    };
    const reflected = moved(points[worst], -1);
    const value = at(reflected);
    if (value < costs[best]) {
      const further = moved(points[worst], -2);
      const there = at(further);
      if (there < value) take(further, there);
      else take(reflected, value);
      continue;
    }
    if (value < costs[second]) {
      take(reflected, value);
      continue;
    }
    const closer = value < costs[worst] ? moved(points[worst], -0.5) : moved(points[worst], 0.5);
    const there = at(closer);
    if (there < Math.min(value, costs[worst])) {
      take(closer, there);
      continue;
    }
    for (let i = 0; i <= n; i++) {
      if (i === best) continue;
      for (let d = 0; d < n; d++) points[i][d] = points[best][d] + 0.5 * (points[i][d] - points[best][d]);
      costs[i] = at(points[i]);
    }
  }
  let best = 0;
  for (let i = 1; i <= n; i++) if (costs[i] < costs[best]) best = i;
  return { point: points[best], cost: costs[best] };
}
