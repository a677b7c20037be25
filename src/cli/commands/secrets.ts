import { type KeyReport, reportKeys, rotateKeys } from '../../compose-secrets.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output, table } from '../output.ts';

/** `auspex secrets`: which keys there are and what they encrypt. */
export async function secrets(output: Output, globals: GlobalOptions): Promise<number> {
  return show(output, await reportKeys(configOf(globals).config.home));
}

/** `auspex secrets rotate`: a new key; everything is encrypted with it, then the old one is dropped. */
export async function rotate(output: Output, globals: GlobalOptions): Promise<number> {
  const report = await rotateKeys(configOf(globals).config.home);
  output.say('Everything is encrypted with the new key; the old one is gone. Renew your copy of the key.');
  return show(output, report);
}

function show(output: Output, report: KeyReport): number {
  output.data(report, () => {
    output.print(`Keys from ${report.origin}\n`);
    const rows = report.keys.map(({ id, files }, i) => [id, i === 0 ? 'encrypts' : 'reads only', String(files)]);
    output.print(table(['KEY', 'USE', 'FILES'], rows));
    if (report.unencrypted > 0) output.print(`${report.unencrypted} files are not encrypted yet.`);
  });
  return exitCodes.fine;
}
