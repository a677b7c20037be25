import { stringify } from 'yaml';
import type { z } from 'zod';
import { type ConfigKey, configKeys, defaultOf, elementShapes, environmentNames, metaOf, shapeOf } from './keys.ts';

/** docs/reference/configuration.md; a test holds the file equal to this. */
export function configurationReference(): string {
  const lines = [
    '# Configuration',
    '',
    'One YAML file: `auspex.yaml` in the home folder, or the one that `--config` or `AUSPEX_CONFIG` names. `auspex init` writes one',
    'with every key as a comment. An environment variable overrides the file, a flag overrides both. Lists of single values',
    'are written with commas in the environment. Durations: `10s`, `5m`, `1h30m`, `15d`. Sizes: `2GB` (powers of 1000),',
    '`512MiB` (powers of 1024), or bytes. A wrong key or value stops the start and is named with its line.',
    '',
    'Keys marked *live* take effect on `POST /api/settings/reload` or SIGHUP; the others at the next start. Keys marked *secret*',
    'are shown nowhere; a key ending in `File` names a file that holds the secret instead.',
    '',
    '| key | value | default | environment | meaning |',
    '|---|---|---|---|---|',
  ];
  for (const entry of configKeys) lines.push(row(entry));
  for (const entry of configKeys) {
    const shapes = elementShapes(entry.schema);
    if (shapes.length === 0) continue;
    lines.push('', `## Each of \`${entry.key}\``, '');
    for (const shape of shapes) {
      lines.push('| key | value | default | meaning |', '|---|---|---|---|', ...fieldRows(shape, ''), '');
    }
    lines.pop();
  }
  return `${lines.join('\n')}\n`;
}

/** The file that `auspex init` writes: every key as a comment with its default, so that it changes nothing. */
export function initConfig(): string {
  const lines = [
    '# Auspex. Every key is optional and stands here with its default; take the # away to change one.',
    '# Reference: docs/reference/configuration.md',
  ];
  let open: readonly string[] = [];
  for (const { path, meta, defaultValue } of configKeys) {
    const parents = path.slice(0, -1);
    const shared = parents.findIndex((name, i) => open[i] !== name);
    const from = shared === -1 ? parents.length : shared;
    if (parents.length === 0 || from === 0) lines.push('');
    for (let depth = from; depth < parents.length; depth++) lines.push(`# ${'  '.repeat(depth)}${parents[depth]}:`);
    open = parents;
    const indent = '  '.repeat(parents.length);
    lines.push(`# ${indent}${path.at(-1)}: ${written(defaultValue)}   # ${meta.description}`);
  }
  return `${lines.join('\n')}\n`;
}

function row(entry: ConfigKey): string {
  const { key, meta, defaultValue } = entry;
  const names = environmentNames(entry)
    .map((name) => `\`${name}\``)
    .join(' ');
  return `| \`${key}\` | ${cell(meta.type)} | ${shown(defaultValue)} | ${names} | ${cell(meaning(meta))} |`;
}

function fieldRows(shape: Readonly<Record<string, z.ZodType>>, prefix: string): string[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const meta = metaOf(schema);
    const own = `| \`${prefix}${name}\` | ${cell(meta.type)} | ${shown(defaultOf(schema))} | ${cell(meaning(meta))} |`;
    const inner = [shapeOf(schema), ...elementShapes(schema)].filter((below) => below !== null);
    const mark = elementShapes(schema).length > 0 ? '[].' : '.';
    return [own, ...inner.flatMap((below) => fieldRows(below, `${prefix}${name}${mark}`))];
  });
}

function meaning(meta: ConfigKey['meta']): string {
  const marks = [meta.live === true ? '*live*' : '', meta.secret === true ? '*secret*' : ''].filter(
    (mark) => mark !== '',
  );
  return [meta.description, ...marks].join(' ');
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  return `\`${written(value)}\``;
}

function written(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  return Array.isArray(value) || typeof value === 'object' ? JSON.stringify(value) : stringify(value).trim();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
