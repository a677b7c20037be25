import type { z } from 'zod';
import { AuspexError } from '../errors.ts';
import type { ConfigFile } from './file.ts';
import { configKeys, elementShapes, nearest, shapeOf } from './keys.ts';
import { redact } from './redact.ts';
import { configSchema } from './schema.ts';

/** Where a value came from that did not stand in the file. */
export interface Given {
  readonly source: 'environment' | 'flag';
  readonly name: string;
}

/** One thing that is wrong. */
export interface Fault {
  readonly issue: z.core.$ZodIssue;
  readonly path: readonly PropertyKey[];
  /** The misspelt key, where that is the fault. */
  readonly unknownKey: string | null;
}

/** The schema's issue as faults: one for each misspelt key. */
export function flatten(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code !== 'unrecognized_keys') return [{ issue, path: issue.path, unknownKey: null }];
  return issue.keys.map((unknownKey) => ({ issue, path: issue.path, unknownKey }));
}

/** All that is wrong as one error, each with its place: file, line and column, variable or flag. */
export function faults(
  found: readonly Fault[],
  raw: unknown,
  file: ConfigFile | null,
  given: ReadonlyMap<string, Given>,
): AuspexError {
  const described = found.map((fault) => {
    const byName = given.get(configKeys.find((entry) => startsWith(fault.path, entry.path))?.key ?? '');
    const words = describe(fault, raw);
    if (byName !== undefined) return { words: `${byName.name}: ${words}`, place: null };
    if (file === null) return { words, place: null };
    const place = fault.unknownKey === null ? file.locate(fault.path) : file.locateKey(fault.path, fault.unknownKey);
    return { words: `${file.path}:${place.line}:${place.column}: ${words}`, place };
  });
  described.sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0));
  const shown = described.slice(0, 10).map((entry) => entry.words);
  if (described.length > 10) shown.push(`and ${described.length - 10} more`);
  const place = described[0]?.place;
  return new AuspexError('CONFIG_INVALID', shown.join('\n'), {
    data:
      file !== null && place !== null && place !== undefined
        ? { file: file.path, line: place.line, column: place.column }
        : {},
  });
}

function startsWith(path: readonly PropertyKey[], start: readonly string[]): boolean {
  return start.every((name, i) => path[i] === name);
}

function describe({ issue, path, unknownKey }: Fault, raw: unknown): string {
  if (unknownKey !== null) {
    const full = dotted([...path, unknownKey]);
    const siblings = knownKeysAt(path, raw);
    const guess = nearest(unknownKey, siblings) ?? elsewhere(unknownKey);
    const meant = guess?.includes('.') ? guess : guess === null ? null : dotted([...path, guess]);
    return `${full} is not a known key.${meant === null ? ` Known here: ${siblings.join(', ')}.` : ` Did you mean ${meant}?`}`;
  }
  const value = getAt(raw, path);
  const name = dotted(path) || 'the file';
  const expected = expectation(issue);
  if (value === undefined) return `${name} is missing. Expected ${expected}.`;
  return `${name} is ${shown(value, path)}. Expected ${expected}.`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'custom':
      return issue.message;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'some text'
        : `${bounded(issue.origin)} at least ${issue.minimum}`;
    case 'too_big':
      return `${bounded(issue.origin)} at most ${issue.maximum}`;
    case 'invalid_union':
      return 'discriminator' in issue ? `one of the known kinds (webhook, email)` : 'another form';
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a table of keys',
  record: 'a table of keys',
};

function bounded(origin: string): string {
  return origin === 'array' ? 'a list of' : origin === 'string' ? 'text with a length of' : 'a number of';
}

/** A value in a message; never one that could be a secret. */
function shown(value: unknown, path: readonly PropertyKey[]): string {
  const safe = redact(value, path.map(String));
  const text = JSON.stringify(safe) ?? String(safe);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function knownKeysAt(path: readonly PropertyKey[], raw: unknown): readonly string[] {
  let shape: Readonly<Record<string, z.ZodType>> = configSchema.shape;
  let field: z.ZodType | undefined;
  for (const [depth, name] of path.entries()) {
    if (typeof name === 'number') {
      const shapes: (typeof shape)[] = field === undefined ? [] : [...elementShapes(field)];
      const kind = getAt(raw, [...path.slice(0, depth + 1), 'kind']);
      shape = shapes.find((candidate) => matchesKind(candidate, kind)) ?? shapes[0] ?? {};
    } else {
      field = shape[String(name)];
      shape = (field === undefined ? null : shapeOf(field)) ?? {};
    }
  }
  return Object.keys(shape);
}

function matchesKind(shape: Readonly<Record<string, z.ZodType>>, kind: unknown): boolean {
  return shape['kind']?.safeParse(kind).success === true;
}

/** A key that stands at another place under the same last name. */
function elsewhere(name: string): string | null {
  return configKeys.find((entry) => entry.path.at(-1) === name)?.key ?? null;
}

export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

export function getAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[name];
  }
  return here;
}

export function plain(words: string): AuspexError {
  return new AuspexError('CONFIG_INVALID', words);
}
