/** A line of points over the usual range, without axes: for shape, not for reading. Gaps are gaps. */
export function Sparkline({
  times,
  values,
  lower,
  upper,
  label,
}: {
  times: readonly number[];
  values: readonly (number | null)[];
  lower: number | null;
  upper: number | null;
  label: string;
}) {
  const known = values.filter((v): v is number => v !== null);
  const first = times[0];
  const last = times[times.length - 1];
  if (known.length < 2 || first === undefined || last === undefined || last <= first) {
    return <svg className="spark" aria-hidden="true" />;
  }
  const low = Math.min(...known, lower ?? Infinity);
  const high = Math.max(...known, upper ?? -Infinity);
  // Room around what is usual, so that ordinary noise looks ordinary.
  const room = (high - low) * 0.3 || Math.abs(high) * 0.1 || 1;
  const y = (v: number) => (36 * (high + room - v)) / (high - low + 2 * room);
  const x = (t: number) => (200 * (t - first)) / (last - first);
  let path = '';
  let pen = false;
  for (let i = 0; i < times.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) {
      pen = false;
      continue;
    }
    path += `${pen ? 'L' : 'M'}${x(times[i] ?? first).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = true;
  }
  return (
    <svg className="spark" viewBox="0 0 200 36" preserveAspectRatio="none" role="img" aria-label={label}>
      {lower !== null && upper !== null && (
        <rect className="band" x="0" width="200" y={y(upper)} height={Math.max(1, y(lower) - y(upper))} />
      )}
      <path className="line-path" d={path} />
    </svg>
  );
}
