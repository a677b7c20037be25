import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AuspexError } from '../errors.ts';
import type { Entity, Labels, SeriesKind } from '../model/index.ts';
import { ByteSink, ByteSource } from './byte-stream.ts';
import { decodeColumn, encodeColumn } from './column-codec.ts';

/** One series as it came: times in ms UTC, ascending. */
export interface RecordedSeries {
  readonly labels: Labels;
  readonly kind: SeriesKind;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** What Auspex was given during a run of a gameday, or while it was warming up, and what was the case. */
export interface Recorded<Run> {
  /** `warm` and `quiet` have no run. */
  readonly kind: 'run' | 'warm' | 'quiet';
  readonly from: number;
  readonly to: number;
  readonly intervalMs: number;
  readonly timeZone: string;
  readonly entities: readonly Entity[];
  readonly run: Run | null;
  readonly series: readonly RecordedSeries[];
}

const MAGIC = 'AUSPEXGD';
const VERSION = 1;
const MOST_UNPACKED = 2 ** 30;

/**
 * Recording → bytes: a head in JSON (labels included), then each series' columns as the store has them, all in one zstd
 * frame with a checksum. About 40 kB for two and a half minutes of a host with 900 series.
 */
export function encodeRecording(recording: Recorded<unknown>): Uint8Array {
  const { series, ...head } = recording;
  const sink = new ByteSink();
  const json = new TextEncoder().encode(
    JSON.stringify({ ...head, series: series.map(({ labels, kind, times }) => [kind, times.length, ...labels]) }),
  );
  sink.raw(new TextEncoder().encode(MAGIC));
  sink.byte(VERSION);
  sink.varint(json.length);
  sink.raw(json);
  for (const { times, values } of series) {
    if (times.length === 0) continue;
    for (const column of [times, values])
      encodeColumn(
        column,
        new Uint32Array(column.buffer, column.byteOffset, column.length * 2),
        0,
        column.length,
        sink,
      );
  }
  return zstdCompressSync(sink.view(), {
    params: { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/** @throws AuspexError BAD_REQUEST for what is no recording, is damaged or of a newer version. */
export function decodeRecording<Run>(bytes: Uint8Array, name = 'the recording'): Recorded<Run> {
  let source: ByteSource;
  try {
    source = new ByteSource(zstdDecompressSync(bytes, { maxOutputLength: MOST_UNPACKED }));
  } catch (cause) {
    throw new AuspexError('BAD_REQUEST', `${name} is damaged or no recording of a gameday: make it anew.`, { cause });
  }
  const magic = new TextDecoder().decode(source.bytes.subarray(0, MAGIC.length));
  source.position = MAGIC.length;
  if (magic !== MAGIC || source.byte() !== VERSION)
    throw new AuspexError('BAD_REQUEST', `${name} is of another version: make it anew.`);
  const length = source.varint();
  const json = new TextDecoder().decode(source.bytes.subarray(source.position, source.position + length));
  source.position += length;
  const head = JSON.parse(json) as Omit<Recorded<Run>, 'series'> & {
    series: readonly (readonly [SeriesKind, number, ...string[]])[];
  };
  const series = head.series.map(([kind, count, ...labels]): RecordedSeries => {
    const [times, values] = [new Float64Array(count), new Float64Array(count)];
    if (count > 0)
      for (const column of [times, values]) decodeColumn(source, column, new Uint32Array(column.buffer), 0, count);
    return { labels, kind, times, values };
  });
  return { ...head, series };
}
