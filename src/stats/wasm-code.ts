/**
 * Writes small WebAssembly modules by hand: inner loops that need vector instructions, which JavaScript does not have.
 * Opcodes are those of the specification (webassembly.github.io/spec/core/binary).
 */
const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

/** Instructions; an index is that of a parameter or local. */
export const op = {
  get: (index: number) => [0x20, ...unsigned(index)],
  set: (index: number) => [0x21, ...unsigned(index)],
  tee: (index: number) => [0x22, ...unsigned(index)],
  constant: (value: number) => [0x41, ...signed(value)],
  add: [0x6a],
  subtract: [0x6b],
  shiftLeft: [0x74],
  load: (offset = 0) => [0x28, 2, ...unsigned(offset)],
  loadByte: (offset = 0) => [0x2d, 0, ...unsigned(offset)],
  loadVector: (offset = 0) => [0xfd, 0, 2, ...unsigned(offset)],
  /** One 32-bit number in all four lanes. */
  loadSplat: (offset = 0) => [0xfd, 9, 2, ...unsigned(offset)],
  storeVector: (offset = 0) => [0xfd, 11, 2, ...unsigned(offset)],
  /** Lanes of one vector in another order. */
  lanes: (order: readonly number[]) => [
    0xfd,
    13,
    ...order.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  storeFirstLane: (offset = 0) => [0xfd, 0x5a, 2, ...unsigned(offset), 0],
  float32: {
    /** c − a · b of a, b, c; rounded once or twice, as the processor likes. */
    lessProduct: [0xfd, ...unsigned(0x106)],
    least: [0xfd, ...unsigned(0xea)],
  },
  float64: { add: [0xfd, ...unsigned(0xf0)], subtract: [0xfd, ...unsigned(0xf1)] },
} as const;

/** Steps a pointer or counter on. */
export function step(index: number, by: number): number[] {
  return [...op.get(index), ...op.constant(by), ...op.add, ...op.set(index)];
}

/** Repeats the body until the counter, stepped down by 1 after each round, is 0; the first round is always run. */
export function countDown(counter: number, body: readonly number[]): number[] {
  return [
    0x03,
    VOID,
    ...body,
    ...op.get(counter),
    ...op.constant(1),
    ...op.subtract,
    ...op.tee(counter),
    0x0d,
    0,
    0x0b,
  ];
}

/** A function of so many 32-bit parameters, with 32-bit locals and vector locals, in this order of indices. */
export interface VectorFunction {
  readonly nParameters: number;
  readonly nIntegers: number;
  readonly nVectors: number;
  readonly body: readonly number[];
}

/** A module that exports its functions as f0, f1, … and works on one imported memory. */
export function moduleBytes(functions: readonly VectorFunction[]): Uint8Array {
  const text = (value: string) => [value.length, ...Array.from(value, (letter) => letter.charCodeAt(0))];
  const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
  const sized = (content: readonly number[]) => [...unsigned(content.length), ...content];
  const types = functions.map(({ nParameters }) => [
    0x60,
    ...list(Array.from({ length: nParameters }, () => [I32])),
    0,
  ]);
  const codes = functions.map(({ nIntegers, nVectors, body }) =>
    sized([2, ...unsigned(nIntegers), I32, ...unsigned(nVectors), V128, ...body, 0x0b]),
  );
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    1,
    ...sized(list(types)),
    2,
    ...sized([1, ...text('env'), ...text('memory'), 2, 0, 0]),
    3,
    ...sized(list(functions.map((_, i) => [i]))),
    7,
    ...sized(list(functions.map((_, i) => [...text(`f${i}`), 0, i]))),
    10,
    ...sized(list(codes)),
  ]);
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
