import { AuspexError } from '../../errors.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireNumber } from '../requirements.ts';
import { STREAM_BYTES } from './stream-record.ts';
import { ANOMALY_SCORE, type StreamBand, StreamSlab } from './stream-slab.ts';

const KIND = 'streaming-detector';
const VERSION = 2;

/** What is said of one value. */
export interface StreamScore {
  /** −log10 of how rare the rarest view of the value is, less what events before it took away; 0 while learning. */
  readonly score: number;
  readonly expected: number;
  /** Between these 99 of 100 values lie; NaN while learning. */
  readonly lower: number;
  readonly upper: number;
  readonly isAnomaly: boolean;
}

/** One series alone, with all that is said of each value: a `StreamSlab` of one record, which says how it judges. */
export class StreamingDetector {
  readonly kind = KIND;
  readonly threshold: number;
  readonly #slab: StreamSlab;
  readonly #band: StreamBand = { expected: Number.NaN, lower: Number.NaN, upper: Number.NaN };

  constructor(parameters: { readonly threshold?: number } = {}) {
    this.threshold = requireNumber('threshold', parameters.threshold ?? ANOMALY_SCORE, 0.1, 100);
    this.#slab = new StreamSlab(this.threshold, 1);
    this.#slab.allocate();
  }

  /** Scores a value at a time (ms), and learns from it. A value that is no number says nothing and is not learnt. */
  take(time: number, value: number): StreamScore {
    this.#slab.readBand(0, time, this.#band);
    const score = this.#slab.take(0, time, value);
    return { score, ...this.#band, isAnomaly: this.#slab.isAnomaly };
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, VERSION).number(this.threshold).bytes(this.#slab.toBytes()).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): StreamingDetector {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const detector = new StreamingDetector({ threshold: reader.number() });
    const record = reader.bytes();
    if (record.length !== STREAM_BYTES) {
      throw new AuspexError('MODEL_DAMAGED', `The model holds ${record.length} bytes of state, not ${STREAM_BYTES}.`);
    }
    detector.#slab.page(0).bytes.set(record);
    return detector;
  }
}
