/** UCUM units as the compatibility specification of OpenTelemetry and Prometheus writes them out. Values are not converted. */
const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  B: 'bytes',
  KB: 'kilobytes',
  MB: 'megabytes',
  GB: 'gigabytes',
  TB: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};
const PER_UNITS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/** What the name depends on beside itself. */
export type NamedType = 'gauge' | 'counter' | 'other';

/**
 * A metric's name in Prometheus, by the compatibility specification: what is no letter or digit becomes `_`, the unit is
 * written out behind it unless it is there, `_ratio` for gauges of unit 1, `_total` for counters. Empty where nothing is left.
 */
export function prometheusName(name: string, unit: string, type: NamedType): string {
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  if (tokens.length === 0) return '';
  const [main = '', per = ''] = splitUnit(unit);
  const add = (word: string): void => {
    if (word !== '' && !tokens.includes(word)) tokens.push(word);
  };
  add(cleaned(written(UNITS, main)));
  const perWord = cleaned(written(PER_UNITS, per));
  if (perWord !== '') add(`per_${perWord}`);
  if (type === 'counter') moveLast(tokens, 'total');
  if (type === 'gauge' && unit === '1') moveLast(tokens, 'ratio');
  const whole = tokens.join('_');
  return /^\d/.test(whole) ? `_${whole}` : whole;
}

/** An attribute's name as a label's: `http.route` becomes `http_route`; one that begins with a digit gets `key_` before it. */
export function labelNameOf(name: string): string {
  const cleanedName = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^\d/.test(cleanedName) ? `key_${cleanedName}` : cleanedName;
}

function splitUnit(unit: string): string[] {
  const slash = unit.indexOf('/');
  return slash < 0 ? [unit.trim()] : [unit.slice(0, slash).trim(), unit.slice(slash + 1).trim()];
}

/** An annotation (`{request}`) says what is counted and is no unit. */
function written(words: Readonly<Record<string, string>>, unit: string): string {
  if (/[{}]/.test(unit)) return '';
  return Object.hasOwn(words, unit) ? (words[unit] as string) : unit;
}

function cleaned(unit: string): string {
  return unit.replace(/[^a-zA-Z0-9:]+/g, '_').replace(/^_+|_+$/g, '');
}

function moveLast(tokens: string[], word: string): void {
  for (let i = tokens.length - 1; i >= 0; i--) if (tokens[i] === word) tokens.splice(i, 1);
  tokens.push(word);
}
