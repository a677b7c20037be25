/**
 * Time a sample and bytes a series of the detector, samples in arrival order (every series once a round), series in
 * entities of 500. `node bench/detect/speed.ts [series …]`
 */
import { Detector } from '../../src/detect/detector.ts';
import { RECORD_BYTES } from '../../src/detect/series-slab.ts';
import type { SampleBatch } from '../../src/model/index.ts';

const sizes = process.argv.slice(2).map(Number);
const ROUNDS = 40;

for (const size of sizes.length > 0 ? sizes : [1_000, 100_000, 1_000_000]) {
  const detector = new Detector({ intervalMs: 10_000 });
  for (let ref = 0; ref < size; ref++) {
    const entity = Math.floor(ref / 500);
    const labels = ['__name__', `metric_${ref % 500}`, 'instance', `h${entity}`];
    detector.define({
      ref,
      labels,
      kind: ref % 3 === 0 ? 'counter' : 'gauge',
      entityId: `host:h${entity}`,
      timeZone: 'UTC',
    });
  }
  const batch = 5_000;
  const refs = new Uint32Array(batch);
  const times = new Float64Array(batch);
  const values = new Float64Array(batch);
  let random = 12345;
  const noise = (): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return random / 4294967296;
  };
  const rounds = Math.max(ROUNDS, Math.ceil(2_000_000 / size));
  const warmUp = Math.floor(rounds / 2);
  let spent = 0n;
  let samples = 0;
  for (let round = 0; round < rounds; round++) {
    const at = 1_700_000_000_000 + round * 10_000;
    for (let from = 0; from < size; from += batch) {
      const count = Math.min(batch, size - from);
      for (let i = 0; i < count; i++) {
        const ref = from + i;
        refs[i] = ref;
        times[i] = at;
        values[i] = ref % 3 === 0 ? round * 100 + noise() * 20 : 50 + noise() + noise();
      }
      const filled: SampleBatch = { count, refs, times, values };
      const start = process.hrtime.bigint();
      detector.advance(filled);
      if (round >= warmUp) {
        spent += process.hrtime.bigint() - start;
        samples += count;
      }
    }
  }
  const bytes = (detector.stateBytes / size).toFixed(0);
  console.log(
    `${size.toLocaleString('en-US').padStart(9)} series: ${(Number(spent) / samples).toFixed(0)} ns/sample, ${RECORD_BYTES} bytes a record, ${bytes} bytes/series in pages and index, ${detector.drain().length} events`,
  );
}
