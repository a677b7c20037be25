/* How numbers, sizes and spans of time are written for people: one place, so that page, terminal and messages agree. */

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three significant digits at most, no exponent below 1e15, thousands apart: `1,204`, `0.013`, `97.4`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size === 0) return '0';
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(size)));
  return String(Number(value.toFixed(digits)));
}

/** `3.1 GiB` */
export function formatBytes(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  let size = Math.abs(value);
  let unit = 0;
  while (size >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const text = unit === 0 || size >= 100 ? size.toFixed(0) : size.toFixed(1).replace(/\.0$/, '');
  return `${value < 0 ? '−' : ''}${text} ${BYTE_UNITS[unit]}`;
}

/** A value with its unit as a person reads it: ratios as per cent, bytes in IEC units. */
export function formatValue(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return '–';
  if (unit === 'ratio') {
    const percent = value * 100;
    return `${Math.abs(percent) >= 10 || percent === 0 ? Math.round(percent) : formatNumber(Number(percent.toPrecision(2)))} %`;
  }
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'bytes/s') return `${formatBytes(value)}/s`;
  if (unit === 'seconds') return formatDuration(value * 1000);
  if (unit === 'count/s' || unit === '/s') return `${formatNumber(value)}/s`;
  if (unit === 'count' || unit === '') return formatNumber(value);
  return `${formatNumber(value)} ${unit}`;
}

/** `3 min 20 s`, `9 days`, `140 ms`: two units at most. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return formatNumber(ms);
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 1000) return `${formatNumber(Math.round(ms * 10) / 10)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, 'min', seconds % 60, 's', minutes < 10);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return join(hours, 'h', minutes % 60, 'min', true);
  const days = Math.floor(hours / 24);
  return join(days, 'days', hours % 24, 'h', days < 5);
}

function join(large: number, largeUnit: string, small: number, smallUnit: string, both: boolean): string {
  return both && small > 0 ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}
