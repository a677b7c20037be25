import { expect, test } from 'vitest';
import { WriteBody } from '../../../bench/ingest/write-body.ts';
import { RemoteWriteDecoder } from '../../../src/collect/remote-write/decode.ts';

test('the load generator’s bodies are remote write whose times go on from request to request', () => {
  const labels: string[] = [];
  const start = 1_780_000_000_000;
  const decoder = new RemoteWriteDecoder({
    resolve: (found) => labels.push(found.join(',')) - 1,
    now: () => start + 3_600_000,
  });
  const body = new WriteBody(500, 10, 500, start);
  for (let request = 0; request < 3; request++) {
    body.advance();
    const { batch, refused } = decoder.decode(body.bytes, {});
    expect(refused).toEqual([]);
    expect(batch.count).toBe(5_000);
    expect([...batch.times.subarray(0, 10)]).toEqual(
      Array.from({ length: 10 }, (_, s) => start + (request * 10 + s) * 1_000),
    );
    expect(batch.values.every(Number.isFinite)).toBe(true);
  }
  expect(new Set(labels).size).toBe(500);
});
