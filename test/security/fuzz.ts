import fc from 'fast-check';

/** Cases of each decoder and route: a short form in every run, 50,000 and once 1,000,000 by the variable. */
export const CASES = Number(process.env['AUSPEX_FUZZ_CASES'] ?? 300);
/**
 * Cases of what costs a hundred times as much, a request or a whole host: a tenth in the short form, all of them in the
 * long one, and no more than that in the longest.
 */
export const COSTLY_CASES = CASES < 1_000 ? Math.max(20, Math.round(CASES / 10)) : Math.min(CASES, 50_000);
/** Cases of one run of the library. */
const PART = 10_000;
/** No input may hold its thread for longer. */
const LONGEST_MS = 100;
/** For a test of `CASES` cases that take up to 2 ms each. */
export const FUZZ_TIMEOUT_MS = 60_000 + CASES * 2;

/**
 * Bytes that a decoder may meet: random ones, and real ones with some changed, cut off, repeated or put in. Real ones get
 * past a decoder's first checks, random ones do not.
 */
export function bytesLike(...real: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    how: fc.constantFrom('set', 'insert', 'cut', 'remove', 'repeat'),
    at: fc.nat(),
    length: fc.nat(40),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  const changed = fc
    .record({ which: fc.nat(Math.max(0, real.length - 1)), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) })
    .map(({ which, edits }) => edits.reduce<Uint8Array>(changedBy, real[which] ?? new Uint8Array(0)));
  const random = fc.uint8Array({ maxLength: 200 });
  return real.length === 0 ? random : fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: random });
}

/** As `bytesLike`, for what reads text. */
export function textLike(...real: readonly string[]): fc.Arbitrary<string> {
  const changed = bytesLike(...real.map((text) => Buffer.from(text))).map((bytes) => Buffer.from(bytes).toString());
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) });
}

interface Edit {
  readonly how: string;
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

function changedBy(before: Uint8Array, { how, at, length, bytes }: Edit): Uint8Array {
  const place = before.length === 0 ? 0 : at % before.length;
  const head = before.subarray(0, place);
  const tail = before.subarray(place);
  switch (how) {
    case 'insert':
      return Buffer.concat([head, bytes, tail]);
    case 'cut':
      return head;
    case 'remove':
      return Buffer.concat([head, tail.subarray(length)]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    default:
      return Buffer.concat([head, bytes, tail.subarray(bytes.length)]);
  }
}

/** Feeds a decoder; what it throws must be `allowed`. A slow case is run again and measured by what its thread worked: the machine may have been busy. */
export function fuzz<T>(
  inputs: fc.Arbitrary<T>,
  decode: (input: T) => void,
  allowed: (thrown: unknown) => boolean,
): void {
  const run = (input: T): void => {
    try {
      decode(input);
    } catch (thrown) {
      if (!allowed(thrown)) throw thrown;
    }
  };
  const property = fc.property(inputs, (input) => {
    const began = performance.now();
    run(input);
    if (performance.now() - began <= LONGEST_MS) return;
    const before = process.threadCpuUsage();
    run(input);
    const { user, system } = process.threadCpuUsage(before);
    if ((user + system) / 1000 > LONGEST_MS) throw new Error(`it held its thread for ${(user + system) / 1000} ms`);
  });
  // In parts: the library remembers every case of a run.
  for (let left = CASES; left > 0; left -= PART) fc.assert(property, { numRuns: Math.min(left, PART) });
}
