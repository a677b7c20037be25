import { configKeys, elementShapes, metaOf } from './keys.ts';

/** What stands in place of a secret. */
export const HIDDEN = '[set]';

const secretName = /(password|passphrase|secret|token|credentials?|authorization|apikey|privatekey)$/i;

/**
 * A part of the configuration with every secret replaced by `[set]`: what the schema marks as one, what is named like
 * one (also in tables of other parts), and credentials inside addresses.
 */
export function redact(value: unknown, path: readonly string[]): unknown {
  if (value === null || value === undefined) return value;
  if (isSecret(path)) return typeof value === 'string' && value === '' ? '' : HIDDEN;
  if (Array.isArray(value)) return value.map((item, i) => redact(item, [...path, String(i)]));
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redact(inner, [...path, name])]));
  }
  return typeof value === 'string' ? value.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`) : value;
}

function isSecret(path: readonly string[]): boolean {
  const last = path.at(-1) ?? '';
  if (secretName.test(last.replaceAll('_', ''))) return true;
  const entry = configKeys.find((candidate) => candidate.path.every((name, i) => path[i] === name));
  if (entry === undefined) return false;
  if (entry.path.length === path.length) return entry.meta.secret === true;
  const rest = path.slice(entry.path.length);
  if (rest.length !== 2) return false;
  return elementShapes(entry.schema).some((shape) => {
    const field = shape[rest[1] ?? ''];
    return field !== undefined && metaOf(field).secret === true;
  });
}
