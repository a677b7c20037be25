import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';

/** A path in the public data: below AUSPEX_BENCH_DATA, default ../shared/data. Throws when it is not there. */
export function publicData(name: string): string {
  const path = join(process.env['AUSPEX_BENCH_DATA'] ?? '../shared/data', name);
  if (!existsSync(path))
    throw new Error(`There is no ${path}: set AUSPEX_BENCH_DATA to the folder that holds ${name}.`);
  return path;
}

/** A file of numbers parted by commas, row-major; a header line is left out and returned. */
export function readCsv(
  path: string,
  separator = ',',
): { names: string[]; x: Float64Array; nRows: number; nCols: number } {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd();
  const lines = text.split(/\r?\n/);
  const first = lines[0]?.split(separator) ?? [];
  const hasHeader = first.some((cell) => cell !== '' && Number.isNaN(Number(cell)));
  const rows = hasHeader ? lines.slice(1) : lines;
  const nCols = first.length;
  const x = new Float64Array(rows.length * nCols);
  rows.forEach((line, i) => {
    const cells = line.split(separator);
    for (let j = 0; j < nCols; j++) {
      const cell = cells[j] ?? '';
      x[i * nCols + j] = cell === '' ? Number.NaN : Number(cell);
    }
  });
  return { names: hasHeader ? first : [], x, nRows: rows.length, nCols };
}

/** Rows of a CSV text with quoted cells. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      row.push(cell);
      cell = '';
    } else if (c === '\n') {
      row.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      rows.push(row);
      row = [];
      cell = '';
    } else cell += c;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}

/** The arrays of a numpy .npz file, by name, as numbers in row-major order. */
export function readNpz(path: string): Map<string, { shape: number[]; values: Float64Array }> {
  const bytes = readFileSync(path);
  const arrays = new Map<string, { shape: number[]; values: Float64Array }>();
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${path} is no zip file.`);
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const method = bytes.readUInt16LE(at + 10);
    const size = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(start, start + size);
    arrays.set(name.replace(/\.npy$/, ''), parseNpy(method === 8 ? inflateRawSync(packed) : packed, path));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return arrays;
}

function parseNpy(bytes: Buffer, path: string): { shape: number[]; values: Float64Array } {
  const isV1 = bytes[6] === 1;
  const headerLength = isV1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const from = (isV1 ? 10 : 12) + headerLength;
  const header = bytes.toString('latin1', isV1 ? 10 : 12, from);
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim() !== '')
    .map(Number);
  const n = shape.reduce((a, b) => a * b, 1);
  const width = Number(type.slice(2));
  const read: Readonly<Record<string, (at: number) => number>> = {
    '<f8': (at) => bytes.readDoubleLE(at),
    '<f4': (at) => bytes.readFloatLE(at),
    '<i8': (at) => Number(bytes.readBigInt64LE(at)),
    '<i4': (at) => bytes.readInt32LE(at),
    '<u4': (at) => bytes.readUInt32LE(at),
    '<u8': (at) => Number(bytes.readBigUInt64LE(at)),
    '<i2': (at) => bytes.readInt16LE(at),
    '<u2': (at) => bytes.readUInt16LE(at),
    '|u1': (at) => bytes.readUInt8(at),
    '|i1': (at) => bytes.readInt8(at),
    '|b1': (at) => bytes.readUInt8(at),
  };
  const numberAt = read[type];
  if (numberAt === undefined) throw new Error(`${path} holds numbers of type ${type}, which is not read here.`);
  const isFortran = /'fortran_order':\s*True/.test(header);
  const [rows = 1, cols = 1] = shape;
  const values = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const place = isFortran && shape.length === 2 ? (k % rows) * cols + Math.floor(k / rows) : k;
    values[place] = numberAt(from + k * width);
  }
  return { shape, values };
}
