import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readInPieces } from './json-pieces.ts';

const long = {
  list: 'alerts',
  element: z.object({ n: z.number(), text: z.string().optional() }),
  rest: z.object({ version: z.literal('4'), note: z.string().default('none') }),
  most: 100,
};
const read = (text: string) => readInPieces(Buffer.from(text), long);

test('a list is read as if the whole were read at once, wherever it stands and whatever its texts hold', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ n: fc.double({ noNaN: true, noDefaultInfinity: true }), text: fc.string({ unit: 'grapheme' }) }),
      ),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(0, 2, '\t'),
      async (alerts, note, space) => {
        const body = { note, version: '4' as const, other: { alerts: [{ n: 'not this one' }] }, alerts };
        expect(await read(JSON.stringify(body, null, space))).toEqual(
          JSON.parse(JSON.stringify({ note, version: '4', alerts })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('what the list does not need, it may have: no elements, the list first, keys with escapes', async () => {
  expect(await read('{"alerts":[ ],"version":"4"}')).toEqual({ alerts: [], version: '4', note: 'none' });
  expect(await read('{"\\"alerts\\"":[{"n":1}],"version":"4","alerts":[{"n":2}]}')).toMatchObject({
    alerts: [{ n: 2 }],
  });
});

test.each([
  ['{"version":"4","alerts":[{"n":1},]}', 'the body is not valid JSON'],
  ['{"version":"4","alerts":[{"n":1} {"n":2}]}', 'the body is not valid JSON'],
  ['{"version":"4","alerts":[{"n":1}', 'the body is not valid JSON'],
  ['{"version":"4","alerts":["', 'the body is not valid JSON'],
  ['{"version":"4","alerts":[{"n":1}]} x', 'the body is not valid JSON'],
  ['[]', 'expected object'],
  ['', 'the body is not valid JSON'],
  ['{"version":"4"}', 'expected array'],
  ['{"version":"4","alerts":{}}', 'expected array'],
  ['{"version":"5","alerts":[]}', 'version'],
  ['{"version":"4","alerts":[{"n":1},{"n":"x"}]}', '"alerts",\\s+1,\\s+"n"'],
  [`{"version":"4","alerts":[${Array.from({ length: 101 }, () => '{"n":1}').join()}]}`, 'at most 100'],
])('%s is refused', async (text, why) => {
  await expect(read(text)).rejects.toThrow(new RegExp(why, 'i'));
});
