import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AuspexError } from '../errors.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { secretsIn } from './redact.ts';

function load(source: string): LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-sources-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'auspex.yaml');
  writeFileSync(join(folder, 'password'), 'out-of-a-file\n');
  writeFileSync(file, `sources:\n  prometheus:\n${source}`);
  return loadConfig({ env: {}, file, flags: { home: folder } });
}

test('a source as it is meant, its secrets read from files and shown nowhere', () => {
  const loaded = load(`    - name: berlin
      url: http://prometheus.example:9090
      select: ['{job="node"}', 'up{env=~"prod|test"}']
      interval: 30s
      shard: 2/3
      backfill: 14d
      user: auspex
      passwordFile: password
`);
  const [source] = loaded.config.sources.prometheus;
  expect(source).toMatchObject({
    select: ['{job="node"}', 'up{env=~"prod|test"}'],
    interval: 30_000,
    shard: { index: 2, count: 3 },
    backfill: 14 * 86_400_000,
    fill: 7_200_000,
    user: 'auspex',
    password: 'out-of-a-file',
    insecure: false,
  });
  expect(secretsIn(loaded.config)).toContain('out-of-a-file');
  expect(JSON.stringify(loaded.explain())).not.toContain('out-of-a-file');
});

test.each([
  ['a shard beyond the number', 'shard: 4/3', 'a shard such as 1/3'],
  ['a shard that is none', 'shard: half', 'a shard such as 1/3'],
  ['a selector with a fault', `select: ['{job="node"']`, 'a closing "}" is missing'],
  ['a selector that takes all', `select: ['{job=~".*"}']`, 'would match every series'],
  ['no selector', 'select: []', 'select'],
  ['a backfill beyond the bound', 'backfill: 365d', 'a duration from 0s to 90d'],
  ['a token and a user', 'token: abcdefgh\n      user: me', 'either a token or a user'],
  ['an address that is none', 'url: prometheus:9090', 'http://'],
  ['an unknown key', 'selector: up', 'selector'],
])('%s is named with its line', (_what, line, words) => {
  const url = line.startsWith('url') ? '' : '      url: http://p:9090\n';
  let said = '';
  try {
    load(`    - name: berlin\n${url}      ${line}\n`);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
    said = thrown instanceof AuspexError ? thrown.message : '';
  }
  expect(said).toContain(words);
  expect(said).toMatch(/auspex\.yaml:\d+/);
});

test('two sources of one name would share how far they were read', () => {
  expect(() => load('    - {name: a, url: http://p:1}\n    - {name: a, url: http://p:2}\n')).toThrow(
    'stands there twice',
  );
});
