/*
 * The load generator's requests. A body is laid out once: the labels compressed as snappy would (copies of what the series
 * before has), the samples as literals, so that values and times can be put in place for each request without compressing
 * again. What a request costs its generator is then two stores a sample, and every server is sent the same bytes.
 */

const STEP_MS = 1_000;
const TABLE = 4_096;
const SAMPLE_BYTES = 18;

/** Noise that every series reads at a place of its own. */
const noise = Float64Array.from(
  { length: TABLE },
  (_, i) => Math.round(1_000 * Math.abs((Math.sin(i * 12.9898) * 43758.5453) % 1)) / 100,
);

export class WriteBody {
  /** What goes over the wire. */
  readonly bytes: Buffer;
  /** Bytes after decompression. */
  readonly rawLength: number;
  readonly #view: DataView;
  readonly #series: number;
  readonly #samples: number;
  /** Where each series' first sample lies. */
  readonly #at: Int32Array;
  readonly #first: number;
  #request = 0;
  readonly #start: number;

  /** `firstSeries`: the number of its first series: bodies of different connections speak of different series. */
  constructor(series: number, samples: number, firstSeries: number, startMs: number) {
    this.#series = series;
    this.#samples = samples;
    this.#first = firstSeries;
    this.#start = startMs;
    this.#at = new Int32Array(series);
    const out = new SnappyWriter();
    let before: { field: Uint8Array; start: number }[] = [];
    for (let i = 0; i < series; i++) {
      const labels = labelFields(firstSeries + i);
      const size = labels.reduce((sum, field) => sum + field.length, 0) + samples * SAMPLE_BYTES;
      out.literal(Uint8Array.of(0x0a, ...varint(size)));
      before = labels.map((field, k) => {
        const start = out.rawLength;
        const same = before[k];
        if (same !== undefined && Buffer.compare(same.field, field) === 0) out.copy(field.length, start - same.start);
        else out.literal(field);
        return { field, start };
      });
      const run = new Uint8Array(samples * SAMPLE_BYTES);
      for (let s = 0; s < samples; s++) {
        run.set([0x12, 16, 0x09], s * SAMPLE_BYTES);
        run[s * SAMPLE_BYTES + 11] = 0x10;
      }
      this.#at[i] = out.literal(run);
    }
    const head = Uint8Array.from(varint(out.rawLength));
    for (let i = 0; i < series; i++) (this.#at[i] as number) += head.length;
    this.rawLength = out.rawLength;
    this.bytes = Buffer.concat([head, out.finish()]);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  /** Samples in one request. */
  get count(): number {
    return this.#series * this.#samples;
  }

  /** Puts the next samples in place, each series' times going on. About 6 ns a sample. */
  advance(): void {
    const step = this.#request++ * this.#samples;
    const { bytes } = this;
    for (let i = 0; i < this.#series; i++) {
      const id = this.#first + i;
      for (let s = 0; s < this.#samples; s++) {
        const at = (this.#at[i] as number) + s * SAMPLE_BYTES;
        const k = step + s;
        const jitter = noise[(k * (1 + (id % 7)) + id * 31) & (TABLE - 1)] as number;
        // A third each: counters, gauges, levels that rarely move.
        const value =
          id % 3 === 0 ? k * (1 + (id % 10)) + Math.floor(jitter) : id % 3 === 1 ? 50 + jitter : id + (k >> 6);
        this.#view.setFloat64(at + 3, value, true);
        let low = this.#start + k * STEP_MS;
        for (let b = 12; b < 17; b++) {
          const rest = Math.floor(low / 128);
          bytes[at + b] = (low - rest * 128) | 0x80;
          low = rest;
        }
        bytes[at + 17] = low;
      }
    }
  }
}

/** As node_exporter's series look through a Prometheus with external labels: seven labels, sorted. */
function labelFields(id: number): Uint8Array[] {
  const host = Math.floor(id / 500);
  const pairs = [
    ['__name__', `node_bench_${id % 3 === 0 ? 'bytes_total' : 'level'}_${id % 50}`],
    ['cpu', String(Math.floor((id % 500) / 50))],
    ['device', `eth${id % 4}`],
    ['environment', 'production'],
    ['instance', `web-${host}.example.org:9100`],
    ['job', 'node'],
    ['mode', 'user'],
  ];
  return pairs.map(([name, value]) => {
    const inner = [...field(0x0a, name as string), ...field(0x12, value as string)];
    return Uint8Array.from([0x0a, ...varint(inner.length), ...inner]);
  });
}

function field(tag: number, text: string): number[] {
  const bytes = Buffer.from(text);
  return [tag, ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** Elements of a snappy block (https://github.com/google/snappy/blob/main/format_description.txt). */
class SnappyWriter {
  rawLength = 0;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Gives where the bytes lie in the output. */
  literal(bytes: Uint8Array): number {
    const n = bytes.length - 1;
    this.#add(
      n < 60 ? Uint8Array.of(n << 2) : n < 256 ? Uint8Array.of(60 << 2, n) : Uint8Array.of(61 << 2, n & 255, n >> 8),
    );
    const at = this.#length;
    this.#add(bytes);
    this.rawLength += bytes.length;
    return at;
  }

  copy(length: number, distance: number): void {
    for (let left = length; left > 0; left -= 64) {
      const n = Math.min(left, 64);
      this.#add(Uint8Array.of(((n - 1) << 2) | 2, distance & 255, distance >> 8));
    }
    this.rawLength += length;
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}
