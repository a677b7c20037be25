/** Cells that say that there is no value. */
const MISSING = /^(|nan|na|n\/a|null|none|-|\?)$/i;
/** Epoch seconds reach this in the year 5138; what is larger is milliseconds. */
const LEAST_MS = 1e11;

/** The number in a cell; NaN where it says that there is none; undefined where it says something else. */
export function numberIn(cell: string): number | undefined {
  const text = cell.trim();
  if (MISSING.test(text)) return Number.NaN;
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  return infinite === null ? undefined : infinite[1] === '-' ? -Infinity : Infinity;
}

/**
 * The time in a cell, ms since 1970: ISO 8601 or `YYYY-MM-DD HH:MM:SS`, in UTC unless it says otherwise; or a number,
 * milliseconds from 100 billion on, else seconds. Undefined where there is none.
 */
export function timeIn(cell: string): number | undefined {
  const text = cell.trim();
  if (text === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value)) return Math.abs(value) >= LEAST_MS ? value : value * 1000;
  const date =
    /^(\d{4}[-/]\d{1,2}[-/]\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
      text,
    );
  if (date === null) return undefined;
  const day = (date[1] ?? '').split(/[-/]/).map((part) => part.padStart(2, '0'));
  const time = (date[2] ?? '00:00').replace(',', '.').padStart(5, '0');
  const zone = (date[3] ?? 'Z').toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const at = Date.parse(`${day.join('-')}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : at;
}
