import { expect, test } from 'vitest';
import { type Band, bandAt, bandUntil, stretches } from './chart-band.ts';

const band: Band = {
  times: [0, 10, 20, 30, 40],
  lower: [null, 1, 1, null, 2],
  upper: [null, 3, 4, null, 5],
};

test('a band has a shape for each stretch that is known', () => {
  expect(stretches(band)).toEqual([
    [1, 3],
    [4, 5],
  ]);
  expect(stretches({ times: [], lower: [], upper: [] })).toEqual([]);
});

test('under the crosshair stands the band of the step that the time lies in', () => {
  expect(bandAt(band, 25)).toEqual({ lower: 1, upper: 4 });
  expect(bandAt(band, 35)).toBeNull();
  expect(bandAt(band, -1)).toBeNull();
  expect(bandAt(band, 1000)).toEqual({ lower: 2, upper: 5 });
});

test('what is usual now ends a band that was read a while ago', () => {
  expect(bandUntil(band, 50, { lower: 0, upper: 9 })?.upper).toEqual([null, 3, 4, null, 5, 9]);
  expect(bandUntil(band, 50, null)).toBe(band);
  expect(bandUntil(band, 40, { lower: 0, upper: 9 })).toBe(band);
});
