import { configKeys, elementShapes, metaOf } from './keys.ts';

/** What stands in place of a secret. */
export const HIDDEN = '[set]';

const secretName = /(password|passphrase|secret|token|credentials?|authorization|cookie|apikey|accesskey|privatekey)$/i;
/** Credentials before a host, with a scheme or, as in a list of targets, without. */
const userInfo = /(\/\/)[^/@\s]*@|^()[^/@\s:]*:[^/@\s]+@/g;
/** Of a query: there a key is a secret, and nothing else is called so. */
const secretParameter = /(pass|pwd|secret|token|key|auth|sig|credential|code|session)/i;

/**
 * A part of the configuration with every secret replaced by `[set]`: what the schema marks as one, what is named like
 * one (also in tables of other parts), and credentials inside addresses.
 */
export function redact(value: unknown, path: readonly string[], within?: object): unknown {
  if (value === null || value === undefined) return value;
  if (isSecret(path, within)) return typeof value === 'string' && value === '' ? '' : HIDDEN;
  if (Array.isArray(value)) return value.map((item, i) => redact(item, [...path, String(i)]));
  if (typeof value === 'object') {
    if (setsSecretParameter(value)) return { ...value, replacement: HIDDEN };
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, redact(inner, [...path, name], value)]),
    );
  }
  return typeof value === 'string' ? value.replace(userInfo, `$1${HIDDEN}@`) : value;
}

/** A relabelling rule that puts a secret into a target's query. */
function setsSecretParameter(value: object): boolean {
  const target = 'target_label' in value ? value.target_label : 'targetLabel' in value ? value.targetLabel : '';
  return typeof target === 'string' && target.startsWith('__param_') && secretParameter.test(target.slice(8));
}

/**
 * The secrets in a part of the configuration, to be kept out of logs and answers: what `redact` hides, and of addresses
 * also their parts, since an error may name those alone.
 */
export function secretsIn(value: unknown, path: readonly string[] = [], within?: object): string[] {
  if (typeof value === 'string') return isSecret(path, within) ? [value, ...partsOf(value)] : passwordIn(value);
  if (typeof value !== 'object' || value === null) return [];
  const own =
    setsSecretParameter(value) && 'replacement' in value && typeof value.replacement === 'string'
      ? [value.replacement]
      : [];
  return [...own, ...Object.entries(value).flatMap(([name, inner]) => secretsIn(inner, [...path, name], value))];
}

/** Of an address: its password, its path with the query, long steps of the path, the values of the query. */
function partsOf(text: string): string[] {
  const url = URL.parse(text);
  if (url === null || url.host === '') return [];
  const path = `${url.pathname}${url.search}`;
  return [
    ...passwordIn(text),
    ...(path.length >= 12 ? [path] : []),
    ...url.pathname.split('/').filter((step) => step.length >= 16),
    ...url.searchParams.values(),
  ];
}

function passwordIn(text: string): string[] {
  if (!text.includes('@')) return [];
  const password = URL.parse(text.includes('//') ? text : `http://${text}`)?.password ?? '';
  return password === '' ? [] : [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isSecret(path: readonly string[], within?: object): boolean {
  const last = path.at(-1) ?? '';
  if (secretName.test(last.replaceAll(/[_-]/g, ''))) return true;
  const parameters = path.lastIndexOf('params');
  if (parameters >= 0 && secretParameter.test(path[parameters + 1] ?? '')) return true;
  const entry = configKeys.find((candidate) => candidate.path.every((name, i) => path[i] === name));
  if (entry === undefined) return false;
  if (entry.path.length === path.length) return entry.meta.secret === true;
  const rest = path.slice(entry.path.length);
  if (rest.length !== 2) return false;
  return shapesFor(elementShapes(entry.schema), within).some((shape) => {
    const field = shape[rest[1] ?? ''];
    return field !== undefined && metaOf(field).secret === true;
  });
}

/** Of the kinds of table that a list takes the one this table says it is; all where it does not say, or says another. */
function shapesFor(shapes: ReturnType<typeof elementShapes>, table: object | undefined): typeof shapes {
  const kind = table !== undefined && 'kind' in table ? table.kind : undefined;
  const own = shapes.filter((shape) => shape['kind']?.safeParse(kind).success === true);
  return own.length === 0 ? shapes : own;
}
