/*
 * A child process that does one thing over and over until it is killed, and prints a line each time it is done:
 *   node backup-forever.ts backup HOME FILE       backups of a home that is being written to
 *   node backup-forever.ts restore HOME FILE …    restores of the files in turn, over what is there
 */
import { keepBackup } from '../../src/compose-backup.ts';
import { restoreBackup } from '../../src/store/backup-restore.ts';
import { backupStream } from '../../src/store/backup-write.ts';
import { batchOf, MIDNIGHT, openTestStores, seriesOf } from '../conformance/store/open-test-stores.ts';

const [what, home = '', ...files] = process.argv.slice(2);

if (what === 'backup') {
  const stores = await openTestStores(home, { fsync: true, bufferPoints: 512 });
  const refs = seriesOf(stores, 5);
  for (let i = 0; ; i++) {
    const time = MIDNIGHT + (Date.now() % 1e9);
    for (let n = 0; n < 100; n++) await stores.metrics.append(batchOf(refs.map((ref) => [ref, time + n, i] as const)));
    await stores.records.put('settings', [{ id: `s${time}`, value: i, at: i }]);
    const stream = backupStream({
      home,
      version: '0.1.0',
      createdAt: Date.now(),
      withKeys: false,
      hasRecords: true,
      hold: () => stores.hold(),
      copy: (path, copy) => stores.copy(path, copy),
    });
    await keepBackup(files[0] ?? '', stream);
    process.stdout.write(`${i}\n`);
  }
}

if (what === 'restore')
  for (let i = 0; ; i++) {
    const file = files[i % files.length] ?? '';
    await restoreBackup({ file, home, force: true, withoutKeys: true, keysThere: async () => [], now: Date.now() });
    process.stdout.write(`${i}\n`);
  }
