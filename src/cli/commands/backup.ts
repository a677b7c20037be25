import { type BackupSummary, backupStoppedHome, keepBackup, restoreHome } from '../../compose-backup.ts';
import { AuspexError } from '../../errors.ts';
import { formatBytes } from '../../model/index.ts';
import { configOf, connect, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output } from '../output.ts';

/** `auspex backup`: everything in one file, from the running server or from the files of a stopped one. */
export async function backup(output: Output, options: GlobalOptions, file: string, withKeys: boolean): Promise<number> {
  const made = await makeBackup(options, file, withKeys);
  output.data(made, () => {
    output.print(`Wrote ${made.file}: ${formatBytes(made.bytes)}, ${made.files} files, checked by reading it back.`);
  });
  if (!made.hasRecords)
    output.say(
      'The records are on PostgreSQL and are not in it; back them up there: pg_dump --format=custom, at about the same time.',
    );
  if (made.hasKeys)
    output.say('The keys are in it: whoever has the file can read everything. Keep it as you keep a password.');
  else
    output.say(
      'The keys are not in it. Without them models, learnt state and the proof of the audit log cannot be read; samples, records and users can. Keep a copy of the key elsewhere (`auspex secrets` names where it is), or use --with-keys.',
    );
  return exitCodes.fine;
}

async function makeBackup(options: GlobalOptions, file: string, withKeys: boolean): Promise<BackupSummary> {
  let response: Response;
  try {
    response = await connect(options).stream('backup', { body: { withKeys } });
  } catch (error) {
    const isNamed = options.url !== undefined || (process.env['AUSPEX_URL'] ?? '') !== '';
    if (isNamed || !(error instanceof AuspexError) || error.code !== 'UNREACHABLE') throw error;
    return await backupStoppedHome(configOf(options).config, file, withKeys);
  }
  if (response.body === null) throw new AuspexError('BACKUP_DAMAGED', 'The server sent nothing.');
  return await keepBackup(file, response.body);
}

/** `auspex restore`: a backup into a home folder that nobody uses. */
export async function restore(
  output: Output,
  options: GlobalOptions,
  file: string,
  how: { readonly force?: boolean; readonly withoutKeys?: boolean },
): Promise<number> {
  const { home } = configOf(options).config;
  const restored = await restoreHome({
    file,
    home,
    force: how.force === true,
    withoutKeys: how.withoutKeys === true,
  });
  const { aside, leftOut, createdAt, files, hasRecords } = restored;
  output.data({ home, createdAt, files, aside, leftOut, hasRecords }, () => {
    output.print(`Restored ${files} files of ${createdAt} into ${home}.`);
    if (aside !== null) output.print(`What was there is in ${aside}; remove it when all is well.`);
    if (leftOut.length > 0)
      output.print(`Left out, since their keys are not there: ${leftOut.join(', ')}. They are learnt anew.`);
  });
  if (!hasRecords) output.say('The records are not in it: restore them on PostgreSQL with pg_restore.');
  output.say('Start it with `auspex start`.');
  return exitCodes.fine;
}
