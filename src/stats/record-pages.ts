const PAGE_SHIFT = 10;
const PAGE_RECORDS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_RECORDS - 1;

/** One buffer of 1,024 records, as numbers of every width. */
export interface RecordPage {
  readonly bytes: Uint8Array;
  readonly f64: Float64Array;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly i8: Int8Array;
}

/**
 * Records of one size, a multiple of 8 bytes, one behind the other: grows by pages of 1,024, or of fewer where `most`
 * says that there will be no more; records are never given back.
 */
export class RecordPages {
  readonly pages: RecordPage[] = [];
  readonly #recordBytes: number;
  readonly #pageRecords: number;
  #size = 0;

  constructor(recordBytes: number, most: number = PAGE_RECORDS) {
    this.#recordBytes = recordBytes;
    this.#pageRecords = Math.min(most, PAGE_RECORDS);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a new record, all zero. */
  protected add(): number {
    const slot = this.#size++;
    if (slot >> PAGE_SHIFT === this.pages.length) this.#addPage();
    return slot;
  }

  page(slot: number): RecordPage {
    return this.pages[slot >> PAGE_SHIFT];
  }

  /** The record's first byte inside its page. */
  base(slot: number): number {
    return (slot & PAGE_MASK) * this.#recordBytes;
  }

  /** All records in use, page by page. */
  toBytes(): Uint8Array {
    const out = new Uint8Array(this.#size * this.#recordBytes);
    for (let p = 0; p < this.pages.length; p++) {
      const records = Math.min(PAGE_RECORDS, this.#size - p * PAGE_RECORDS);
      out.set(this.pages[p].bytes.subarray(0, records * this.#recordBytes), p * PAGE_RECORDS * this.#recordBytes);
    }
    return out;
  }

  /** Takes records that `toBytes` gave, into an empty store. */
  protected load(bytes: Uint8Array): void {
    this.#size = Math.floor(bytes.length / this.#recordBytes);
    const pageBytes = PAGE_RECORDS * this.#recordBytes;
    for (let at = 0; at < bytes.length; at += pageBytes) {
      this.#addPage().bytes.set(bytes.subarray(at, Math.min(bytes.length, at + pageBytes)));
    }
  }

  #addPage(): RecordPage {
    const buffer = new ArrayBuffer(this.#pageRecords * this.#recordBytes);
    const page: RecordPage = {
      bytes: new Uint8Array(buffer),
      f64: new Float64Array(buffer),
      f32: new Float32Array(buffer),
      i32: new Int32Array(buffer),
      u16: new Uint16Array(buffer),
      i16: new Int16Array(buffer),
      i8: new Int8Array(buffer),
    };
    this.pages.push(page);
    return page;
  }
}
