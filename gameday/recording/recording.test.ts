import { expect, test } from 'vitest';
import { isStaleMarker, writeStaleMarker } from '../../src/model/index.ts';
import { decodeRecording, encodeRecording, type Recording } from './recording.ts';

const FROM = Date.UTC(2026, 0, 5, 12);
const values = Float64Array.of(1, 2.5, 0, -1e300);
writeStaleMarker(values, 2);
const recording: Recording = {
  kind: 'quiet',
  from: FROM,
  to: FROM + 40_000,
  intervalMs: 10_000,
  timeZone: 'Europe/Berlin',
  entities: [],
  run: null,
  series: [
    {
      labels: ['__name__', 'load', 'instance', 'ä'],
      kind: 'gauge',
      times: Float64Array.from(values, (_, i) => FROM + i * 10_000),
      values,
    },
    { labels: ['__name__', 'empty'], kind: 'counter', times: new Float64Array(0), values: new Float64Array(0) },
  ],
};

test('what was recorded comes back to the bit', () => {
  const back = decodeRecording(encodeRecording(recording));
  expect(back).toEqual(recording);
  expect(isStaleMarker(back.series[0]?.values[2] ?? 0)).toBe(true);
});

test('damage is refused, with what to do', () => {
  const bytes = encodeRecording(recording);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = bytes.slice();
    damaged[i] = (damaged[i] as number) ^ 0x10;
    let back: Recording | null = null;
    try {
      back = decodeRecording(damaged);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_REQUEST' });
    }
    // A bit of the frame's head that means nothing may differ.
    if (back !== null) expect(back).toEqual(recording);
  }
  for (const length of [0, 5, bytes.length - 1])
    expect(() => decodeRecording(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
});
