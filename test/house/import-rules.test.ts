import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* The checker of the house's rules is itself checked: each forbidden import is planted once and must be found. */

const root = resolve(import.meta.dirname, '../..');
let house: string;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'auspex-house-'));
  cpSync(join(root, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
});
afterAll(() => rmSync(house, { recursive: true, force: true }));

function lint(file: string, source: string, others: Record<string, string> = {}): string {
  for (const [path, text] of Object.entries({ ...others, [file]: source })) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  const result = spawnSync(
    join(root, 'node_modules/.bin/oxlint'),
    ['--config', '.oxlintrc.json', file, ...Object.keys(others)],
    { cwd: house, encoding: 'utf8' },
  );
  return result.stdout + result.stderr;
}

const forbidden = [
  ['src/model/a.ts', '../stats/b.ts'],
  ['src/stats/a.ts', '../model/b.ts'],
  ['src/evaluation/a.ts', '../learners/b.ts'],
  ['src/learners/deep/a.ts', '../../detect/b.ts'],
  ['src/detect/a.ts', '../predict/b.ts'],
  ['src/predict/a.ts', '../decide/b.ts'],
  ['src/decide/a.ts', '../detect/b.ts'],
  ['src/detect/a.ts', '../store/b.ts'],
  ['src/platform/a.ts', '../collect/b.ts'],
  ['src/access/a.ts', '../store/b.ts'],
  ['src/collect/a.ts', '../store/b.ts'],
  ['src/store/a.ts', '../act/b.ts'],
  ['src/act/notify/a.ts', '../../collect/b.ts'],
  ['src/engine/a.ts', '../store/b.ts'],
  ['src/engine/a.ts', '../compose.ts'],
  ['src/config/a.ts', '../engine/b.ts'],
  ['src/api/http/a.ts', '../../store/b.ts'],
  ['src/cli/commands/a.ts', '../../store/b.ts'],
  ['src/cli/commands/a.ts', '../../api/http/b.ts'],
  ['dashboard/src/a.ts', '../../src/model/b.ts'],
] as const;

test.each(forbidden)('%s may not import %s', (file, target) => {
  expect(lint(file, `import { b } from '${target}';\nexport const a = b;\n`)).toContain('no-restricted-imports');
});

const allowed = [
  ['src/learners/deep/a.ts', '../../stats/b.ts'],
  ['src/engine/a.ts', '../detect/b.ts'],
  ['src/cli/commands/a.ts', '../../api/contract/b.ts'],
  ['src/compose.ts', './store/b.ts'],
  ['dashboard/src/a.ts', '../../src/api/contract/b.ts'],
] as const;

test.each(allowed)('%s may import %s', (file, target) => {
  expect(lint(file, `import { b } from '${target}';\nexport const a = b;\n`)).not.toContain('no-restricted-imports');
});

test.each([
  ['a clock', 'export const now = (): number => Date.now();', 'no-restricted-properties'],
  ['randomness', 'export const dice = (): number => Math.random();', 'no-restricted-properties'],
  ['a process', 'export const home = (): unknown => process.env;', 'no-restricted-globals'],
  ['files', "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;", 'no-restricted-imports'],
])('the pure core may not have %s', (_what, source, rule) => {
  expect(lint('src/detect/pure.ts', source)).toContain(rule);
});

test('a circle is found', () => {
  const found = lint('src/model/one.ts', "import { two } from './two.ts';\nexport const one = (): unknown => two;\n", {
    'src/model/two.ts': "import { one } from './one.ts';\nexport const two = (): unknown => one;\n",
  });
  expect(found).toContain('no-cycle');
});
