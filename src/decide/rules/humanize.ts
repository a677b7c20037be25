/* Numbers as Prometheus's templates write them. */

const LARGE = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const BINARY = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** Go's %g with so many significant digits: no trailing zeros, an exponent where it is shorter. */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0';
  const [mantissa = '', exponent = '0'] = value.toExponential(Math.max(1, digits) - 1).split('e');
  const power = Number(exponent);
  if (power < -4 || power >= digits) return `${shortened(mantissa)}e${goExponent(power)}`;
  return shortened(value.toFixed(Math.max(0, digits - 1 - power)));
}

/** A number as Go prints it of its own accord: the shortest that reads back the same, from a million on with an exponent. */
export function plainNumber(value: number): string {
  if (!Number.isFinite(value)) return significant(value, 1);
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return power < -4 || power >= 6
    ? `${mantissa}e${goExponent(power)}`
    : value.toFixed(Math.max(0, decimalsOf(mantissa) - power));
}

export function goExponent(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function decimalsOf(mantissa: string): number {
  return mantissa.split('.')[1]?.length ?? 0;
}

function shortened(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return significant(value, 4);
  if (Math.abs(value) < 1) {
    const [scaled, prefix] = scaledDown(value);
    return significant(scaled, 4) + prefix;
  }
  return scaledUp(value, 1000, LARGE);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return significant(value, 4);
  return scaledUp(value, 1024, BINARY);
}

export function humanizePercentage(ratio: number): string {
  return `${significant(ratio * 100, 4)}%`;
}

export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return significant(seconds, 4);
  if (seconds === 0) return '0s';
  if (Math.abs(seconds) < 1) {
    const [scaled, prefix] = scaledDown(seconds);
    return `${significant(scaled, 4)}${prefix}s`;
  }
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(seconds));
  const [s, m, h, d] = [
    whole % 60,
    Math.floor(whole / 60) % 60,
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 86_400),
  ];
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h > 0) return `${sign}${h}h ${m}m ${s}s`;
  if (m > 0) return `${sign}${m}m ${s}s`;
  return `${sign}${significant(Math.abs(seconds), 4)}s`;
}

export function humanizeTimestamp(seconds: number): string {
  if (!Number.isFinite(seconds) || Math.abs(seconds) > 8.64e12) return significant(seconds, 4);
  const text = new Date(seconds * 1000).toISOString();
  const fraction = text.slice(19, 23);
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction === '.000' ? '' : shortened(fraction)} +0000 UTC`;
}

function scaledUp(value: number, by: number, prefixes: readonly string[]): string {
  let scaled = value;
  let place = 0;
  while (Math.abs(scaled) >= by && place < prefixes.length - 1) {
    scaled /= by;
    place++;
  }
  return significant(scaled, 4) + (prefixes[place] ?? '');
}

function scaledDown(value: number): readonly [number, string] {
  let scaled = value;
  let prefix = '';
  for (const next of SMALL) {
    if (Math.abs(scaled) >= 1) break;
    prefix = next;
    scaled *= 1000;
  }
  return [scaled, prefix];
}
