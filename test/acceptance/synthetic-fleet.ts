import { SyntheticHost, type Fault, INTERVAL } from '../../bench/detect/synthetic-host.ts';
import { encodeWriteRequest } from '../../src/collect/remote-write/encode.ts';
import { type DetectionEvent, Detector, type SeriesDefinition } from '../../src/detect/detector.ts';
import type { SampleBatch } from '../../src/model/index.ts';
import { pause } from './support.ts';
import { type Answer, write } from './load.ts';

const MINUTE = 60_000;
const kinds: readonly Fault['kind'][] = ['cpu', 'memory', 'io', 'fork', 'disk'];

/** What a detector is told of series, kept to send the same by remote write. */
class Recorder extends Detector {
  readonly series: SeriesDefinition[] = [];

  override define(series: SeriesDefinition): void {
    this.series[series.ref] = series;
    super.define({ ...series, timeZone: 'UTC' });
  }
}

export interface Moment {
  readonly at: number;
  readonly batch: SampleBatch;
}

/** Recorded hosts with faults, all of it in the past: the same stream for every receiver. */
export class SyntheticFleet {
  readonly #recorder = new Recorder({ intervalMs: INTERVAL });
  /** By host, oldest first. */
  readonly streams: readonly (readonly Moment[])[];

  constructor(hosts: number, minutes: number) {
    const from = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 2 * 86_400_000;
    let ref = 0;
    this.streams = Array.from({ length: hosts }, (_, h) => {
      const host = new SyntheticHost(`synthetic-${h}`, 1000 + h, h % 2 === 0 ? {} : { jumps: 0.3, hourlyCpu: 0.3 });
      ref = host.define(this.#recorder, ref);
      const faults: Fault[] = [];
      for (let i = 0, at = from + (25 + h) * MINUTE; at < from + (minutes - 4) * MINUTE; i++, at += 6 * MINUTE)
        faults.push({ kind: kinds[(i + h) % kinds.length] ?? 'cpu', from: at + 3000, to: at + 75_000 });
      const moments: Moment[] = [];
      for (let at = from; at < from + minutes * MINUTE; at += INTERVAL)
        moments.push({ at, batch: host.sample(at, faults) });
      return moments;
    });
  }

  /** The findings of one detector that sees all of it in order of time. */
  findings(): Map<string, DetectionEvent['finding']> {
    const found = new Map<string, DetectionEvent['finding']>();
    const length = Math.max(...this.streams.map((stream) => stream.length));
    for (let i = 0; i < length; i++) {
      for (const stream of this.streams) {
        const moment = stream[i];
        if (moment === undefined) continue;
        this.#recorder.advance(moment.batch);
        for (const { finding } of this.#recorder.drain()) found.set(finding.id, finding);
      }
    }
    return found;
  }

  body({ batch }: Moment): Uint8Array {
    return encodeWriteRequest(
      Array.from({ length: batch.count }, (_, i) => {
        const { labels, kind } = this.#recorder.series[batch.refs[i] ?? 0] ?? { labels: [], kind: 'gauge' as const };
        return { labels, kind, samples: [{ at: batch.times[i] ?? 0, value: batch.values[i] ?? Number.NaN }] };
      }),
    );
  }

  /** Sends every host's stream in its order, all hosts at once, each request until it is acknowledged. */
  async send(url: () => string, pauseMs = 0, onAnswer: (answer: Answer) => void = () => {}): Promise<void> {
    await Promise.all(
      this.streams.map(async (stream) => {
        for (const moment of stream) {
          for (const body = this.body(moment); ; await pause(50)) {
            const answer = await write(url(), body);
            onAnswer(answer);
            if (answer.status === 204) break;
            if (answer.status >= 400 && answer.status < 500)
              throw new Error(`A recorded moment was refused: ${answer.status}`);
          }
          if (pauseMs > 0) await pause(pauseMs);
        }
      }),
    );
  }
}
