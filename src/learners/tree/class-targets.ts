import { AuspexError } from '../../errors.ts';

/** Most classes that a classifier tells apart. */
export const MOST_CLASSES = 64;

/** Predicts the probability of each class from a row. */
export interface Classifier {
  readonly nClasses: number;
  /** `y` holds the numbers of classes, 0 … nClasses − 1; rows with NaN are left out. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this;
  /** One probability a class; they add up to 1. */
  probabilities(row: Float64Array): Float64Array;
  toBytes(): Uint8Array;
}

/** How many classes there are: the highest number + 1, two at least. Throws BAD_REQUEST for what is no class. */
export function countClasses(y: Float64Array, rows: Int32Array): number {
  let highest = 1;
  for (const row of rows) {
    const label = y[row];
    if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES) {
      throw new AuspexError(
        'BAD_REQUEST',
        `The class of row ${row} is ${label}; classes are whole numbers from 0 to ${MOST_CLASSES - 1}.`,
      );
    }
    highest = Math.max(highest, label);
  }
  return highest + 1;
}

/** How much a row of each class counts: 1, or so that all classes have the same weight together. */
export type ClassWeights = 'none' | 'balanced';

/** A weight a row. Given weights count besides. */
export function rowWeights(
  y: Float64Array,
  rows: Int32Array,
  nClasses: number,
  kind: ClassWeights,
  weights: Float64Array | undefined,
): Float64Array {
  const counts = new Float64Array(nClasses);
  for (const row of rows) counts[y[row]]++;
  const present = counts.filter((count) => count > 0).length;
  return Float64Array.from(rows, (row) => {
    const balance = kind === 'balanced' ? rows.length / (present * counts[y[row]]) : 1;
    return balance * (weights?.[row] ?? 1);
  });
}
