/* A child process that appends until it is killed, and prints what was acknowledged: `node append-forever.ts HOME`. */
import { batchOf, openTestStores, seriesOf } from '../../conformance/store/open-test-stores.ts';

const stores = await openTestStores(process.argv[2], { fsync: true, bufferPoints: 512 });
const refs = seriesOf(stores, 5);
for (let i = 0; ; i++) {
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, 1_795_000_000_000 + i * 1_000, i] as const)));
  process.stdout.write(`${i}\n`);
}
