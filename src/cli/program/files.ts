import type { RootCauseFileOptions } from '../commands/root-cause-file.ts';
import type { Making } from './making.ts';

export function addFiles({ command, act }: Making): void {
  command('logs', 'logs of a file', 'auspex logs templates app.log --out templates.csv')
    .command('templates <file>')
    .description('the template of each line, one message a line; no server is needed')
    .option('--out <file>', 'where they go')
    .exitOverride()
    .action(
      act(async (output, file: string, { out }: { out?: string }) =>
        (await import('../commands/log-templates.ts')).templatesOfFile(output, file, out),
      ),
    );
  command(
    'rootcause',
    'which service caused a trouble, from the figures in a file; no server is needed',
    'auspex rootcause --metrics shop.csv --graph calls.csv --target checkout --at 2026-03-01T04:05:00Z',
  )
    .requiredOption('--metrics <file>', 'a time column and columns named service|metric')
    .option('--graph <file>', 'who calls whom: from,to a line, the caller first')
    .requiredOption('--target <service>', 'whose trouble it is; service|metric says by which figure')
    .requiredOption('--at <time>', 'when it began: ISO 8601, or seconds since 1970')
    .option('--until <time>', 'when it was over; half an hour later unless given')
    .option('--time <column>', 'the column of times, where it has another name')
    .action(
      act(async (output, options: RootCauseFileOptions) =>
        (await import('../commands/root-cause-file.ts')).rootCauseOfFile(output, options),
      ),
    );
}
