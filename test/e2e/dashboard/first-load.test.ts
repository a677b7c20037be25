import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { distFolder, ensurePage, firstLoadFiles } from './page-build.ts';

beforeAll(() => ensurePage());

test('the first load is at most 130 kB compressed by gzip (the limit of the product is 200)', () => {
  const sizes = firstLoadFiles().map((file) => gzipSync(readFileSync(join(distFolder, file)), { level: 9 }).length);
  const total =
    sizes.reduce((sum, size) => sum + size, 0) + gzipSync(readFileSync(join(distFolder, 'index.html'))).length;
  expect(sizes.length).toBeGreaterThan(2);
  expect(total).toBeLessThanOrEqual(130_000);
});

test('charts, palette and schemas are not part of the first load', () => {
  const text = firstLoadFiles()
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(distFolder, file), 'utf8'))
    .join('');
  expect(['u-cursor-pt', 'cmdk-item', 'ZodError'].filter((mark) => text.includes(mark))).toEqual([]);
});

test('a compressed copy stands beside each asset and holds the same', () => {
  for (const file of firstLoadFiles().filter((f) => !f.endsWith('first-paint.js'))) {
    const plain = readFileSync(join(distFolder, file));
    expect(gunzipSync(readFileSync(join(distFolder, `${file}.gz`))).equals(plain)).toBe(true);
    expect(readFileSync(join(distFolder, `${file}.br`)).length).toBeLessThan(plain.length);
  }
});

test('the page holds the base path as a placeholder, and no inline script or style', () => {
  const html = readFileSync(join(distFolder, 'index.html'), 'utf8');
  expect(html).toContain('<base href="__AUSPEX_BASE__/"');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/<style|\sstyle=/);
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
});
