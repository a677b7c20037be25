/* A child process that opens a home folder, which brings its records to this version’s schema: `node migrate-once.ts HOME`. */
import { openTestStores } from '../conformance/store/open-test-stores.ts';

process.stdout.write('opening\n');
await openTestStores(process.argv[2] ?? '', { fsync: true });
process.stdout.write('open\n');
setInterval(() => {}, 1000);
