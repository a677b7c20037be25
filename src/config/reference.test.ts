import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfigText } from './file.ts';
import { configKeys } from './keys.ts';
import { configurationReference, initConfig } from './reference.ts';
import { configSchema } from './schema.ts';

const path = new URL('../../docs/reference/configuration.md', import.meta.url);

test('the reference says what the schema says (AUSPEX_WRITE_DOCS=1 writes it)', () => {
  if (process.env['AUSPEX_WRITE_DOCS'] === '1') writeFileSync(path, configurationReference());
  expect(readFileSync(path, 'utf8')).toBe(configurationReference());
  for (const { key, meta } of configKeys) expect(meta.description, key).toMatch(/\.$/);
});

test('the file of `auspex init` changes nothing, and each of its lines is right when the # is taken away', () => {
  expect(parse(initConfig())).toBeNull();
  const opened = initConfig()
    .split('\n')
    .filter((line) => /^# +[\w]+:/.test(line) && !line.startsWith('# Reference'))
    .map((line) => line.slice(2))
    .join('\n');
  const { content } = parseConfigText(opened, 'init');
  expect(configSchema.safeParse(content).error).toBeUndefined();
  expect(configSchema.parse(content)).toEqual(configSchema.parse({}));
});
