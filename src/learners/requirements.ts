import { AuspexError } from '../errors.ts';

/** The value itself when it is an integer within the limits; else BAD_REQUEST with the value and the limits. */
export function requireInteger(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new AuspexError('BAD_REQUEST', `${name} is ${value}; it must be a whole number from ${low} to ${high}.`);
}

/** As requireInteger for any number. */
export function requireNumber(name: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new AuspexError('BAD_REQUEST', `${name} is ${value}; it must be a number from ${low} to ${high}.`);
}

export function requireMatrix(x: Float64Array, nRows: number, nCols: number): void {
  requireInteger('nRows', nRows, 1, 2 ** 31 - 1);
  requireInteger('nCols', nCols, 1, 2 ** 20);
  if (x.length < nRows * nCols) {
    throw new AuspexError(
      'BAD_REQUEST',
      `The matrix has ${x.length} values; ${nRows} rows of ${nCols} columns need ${nRows * nCols}.`,
    );
  }
}

export function requireFitted(fitted: boolean, kind: string): void {
  if (!fitted) throw new AuspexError('NOT_READY', `The ${kind} has not been trained yet.`);
}

export function requireWidth(row: Float64Array, nCols: number, kind: string): void {
  if (row.length === nCols) return;
  throw new AuspexError('BAD_REQUEST', `A row has ${row.length} values, the ${kind} was trained on ${nCols}.`);
}
