import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { csvCell } from '../../model/index.ts';
import { fileFailed } from './lines.ts';

const BUFFER_CHARS = 1 << 18;

/**
 * Writes rows, each ended by LF, to `<path>.part` and gives it its name once it is whole, so that what has the name can be used. Throws
 * FILE_FAILED where it cannot be written.
 */
export class CsvWriter {
  readonly path: string;
  readonly #stream: WriteStream;
  #failure: unknown = null;
  #rows: string[] = [];
  #chars = 0;

  constructor(path: string, columns: readonly string[]) {
    this.path = path;
    this.#stream = createWriteStream(`${path}.part`);
    this.#stream.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#keep(columns.join(','));
  }

  #keep(row: string): void {
    this.#rows.push(row);
    this.#chars += row.length + 1;
  }

  /** Resolves at once unless the disk is behind. */
  async row(cells: readonly unknown[]): Promise<void> {
    this.#keep(cells.map(csvCell).join(','));
    if (this.#chars >= BUFFER_CHARS) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#failure !== null) throw fileFailed(this.path, 'written', this.#failure);
    const text = `${this.#rows.join('\n')}\n`;
    this.#rows = [];
    this.#chars = 0;
    try {
      if (!this.#stream.write(text)) await once(this.#stream, 'drain');
    } catch (cause) {
      throw fileFailed(this.path, 'written', cause);
    }
  }

  /** Ends the file and gives it its name. */
  async finish(): Promise<void> {
    await this.#flush();
    try {
      this.#stream.end();
      if (!this.#stream.closed) await once(this.#stream, 'close');
      if (this.#failure !== null) throw this.#failure;
      await rename(`${this.path}.part`, this.path);
    } catch (cause) {
      throw fileFailed(this.path, 'written', cause);
    }
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    this.#stream.destroy();
    if (!this.#stream.closed) await once(this.#stream, 'close');
    await rm(`${this.path}.part`, { force: true });
  }
}

/** Opens a file, lets `write` fill it, and finishes it; whatever fails, nothing half-written has the name. */
export async function writeCsv(
  path: string,
  columns: readonly string[],
  write: (file: CsvWriter) => Promise<void>,
): Promise<void> {
  const file = new CsvWriter(path, columns);
  try {
    await write(file);
    await file.finish();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}
