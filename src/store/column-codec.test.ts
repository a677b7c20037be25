import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bundle, BundleReader, BundleWriter, Columns } from './bundle.ts';

const decimals = fc.array(fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 })).map(([n, k]) => n / 10 ** k), { minLength: 1, maxLength: 300 }); // biome-ignore format: one line
const anything = fc.array(fc.double(), { minLength: 1, maxLength: 300 });
const odd = fc.array(fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53), 0.1, 2 ** 50 - 1), { minLength: 1, maxLength: 50 }); // biome-ignore format: one line

test.each([
  ['decimals', decimals],
  ['any doubles', anything],
  ['odd values', odd],
])('a bundle gives back the bits of %s', (_, values) => {
  // biome-ignore format: one line
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (series) => {
      const bundles: Bundle[] = [];
      const writer = new BundleWriter((bundle) => bundles.push(bundle), 1);
      series.forEach((column, i) => {
        const columns = new Columns(1, column.length);
        columns.values[0].set(column);
        columns.times.set(column.map((_value, k) => k * 10_000 + (k % 3)));
        writer.add(i * 5, columns, column.length);
      });
      writer.finish();
      const reader = new BundleReader(bundles[0].data, bundles[0].minRef, 1);
      const found = new Columns(1, 1);
      series.forEach((column, i) => {
        expect(reader.next()).toBe(true);
        reader.read(found, 0);
        expect([reader.ref, reader.count]).toEqual([i * 5, column.length]);
        const expected = new BigUint64Array(Float64Array.from(column).buffer);
        expect(new BigUint64Array(found.values[0].slice(0, column.length).buffer)).toEqual(expected);
        expect(found.times[column.length - 1]).toBe((column.length - 1) * 10_000 + ((column.length - 1) % 3));
      });
      expect(reader.next()).toBe(false);
    }),
    { numRuns: 60 },
  );
});
