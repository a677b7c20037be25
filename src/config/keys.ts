import { z } from 'zod';
import { configSchema, type KeyMeta, keys } from './schema.ts';

/** One key of the configuration: a value, or a list or table that is set as a whole. */
export interface ConfigKey {
  /** `server.listen` */
  readonly key: string;
  readonly path: readonly string[];
  readonly meta: KeyMeta;
  readonly schema: z.ZodType;
  /** As it would be written. */
  readonly defaultValue: unknown;
  /** Can be set by one environment variable: a single value or a list of them. */
  readonly scalar: 'text' | 'value' | 'list' | null;
}

/** The schema of what is written, below defaults, nullability and transformations. */
export function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return bare(schema.def.innerType as z.ZodType);
  }
  if (schema instanceof z.ZodPipe) return bare(schema.def.in as z.ZodType);
  return schema instanceof z.ZodNullable ? bare(schema.def.innerType as z.ZodType) : schema;
}

export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | null {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>) : null;
}

/** The kinds of table that a list's elements can be. */
export function elementShapes(schema: z.ZodType): readonly Readonly<Record<string, z.ZodType>>[] {
  const inner = bare(schema);
  if (!(inner instanceof z.ZodArray)) return [];
  const element = bare(inner.def.element as z.ZodType);
  const options = element instanceof z.ZodUnion ? (element.def.options as readonly z.ZodType[]) : [element];
  return options.map(shapeOf).filter((shape) => shape !== null);
}

/** What the registry or the schema itself says of a key. */
export function metaOf(schema: z.ZodType): KeyMeta {
  const known = keys.get(schema);
  if (known !== undefined) return known;
  const described = schema.meta()?.description ?? bare(schema).meta()?.description ?? '';
  return { description: described, type: typeWord(bare(schema)) };
}

function typeWord(schema: z.ZodType): string {
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodEnum) return schema.options.join(', ');
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return 'table';
  return 'text';
}

/** As the default would be written; undefined where there is none. */
export function defaultOf(schema: z.ZodType): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) return schema.def.defaultValue;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return defaultOf(schema.def.innerType as z.ZodType);
  }
  return undefined;
}

function scalarKind(schema: z.ZodType): ConfigKey['scalar'] {
  const inner = bare(schema);
  if (inner instanceof z.ZodArray) return elementShapes(schema).length > 0 ? null : 'list';
  if (inner instanceof z.ZodRecord || inner instanceof z.ZodObject) return null;
  return inner instanceof z.ZodNumber || inner instanceof z.ZodBoolean ? 'value' : 'text';
}

function* walk(shape: Readonly<Record<string, z.ZodType>>, path: readonly string[]): Generator<ConfigKey> {
  for (const [name, schema] of Object.entries(shape)) {
    const here = [...path, name];
    const below = shapeOf(schema);
    if (below !== null && keys.get(schema) === undefined) yield* walk(below, here);
    else {
      yield {
        key: here.join('.'),
        path: here,
        meta: metaOf(schema),
        schema,
        defaultValue: defaultOf(schema),
        scalar: scalarKind(schema),
      };
    }
  }
}

/** Every key in the order of the schema. */
export const configKeys: readonly ConfigKey[] = [...walk(configSchema.shape, [])];

/** `server.basePath` → `AUSPEX_SERVER_BASE_PATH`. */
export function environmentName(key: string): string {
  return `AUSPEX_${key
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

/** The variables that set a key; the short name first. */
export function environmentNames(entry: ConfigKey): readonly string[] {
  if (entry.scalar === null) return [];
  const long = environmentName(entry.key);
  return entry.meta.env === undefined || entry.meta.env === long ? [long] : [entry.meta.env, long];
}

/** The known name nearest to a misspelt one, if it is near enough to be meant. O(names × length²). */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min((row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, (previous[j - 1] ?? 0) + change));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
