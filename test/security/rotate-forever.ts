import { rotateKeys } from '../../src/compose-secrets.ts';

// One rotation after another until somebody kills it.
const home = process.argv[2] ?? '';
process.stdout.write('begun\n');
for (;;) await rotateKeys(home);
