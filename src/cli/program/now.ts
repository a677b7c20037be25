import { Option } from 'commander';
import type { AnomaliesFileOptions } from '../commands/anomalies-file.ts';
import { connect } from '../connect.ts';
import { host, type Making, positive } from './making.ts';

export function addNow({ command, act, globals }: Making): void {
  command('analyze', 'what is going on, what is unusual, what comes next', 'auspex analyze --json').action(
    act(async (output) => (await import('../commands/now.ts')).analyze(connect(globals()), output)),
  );
  const anomalies = command('anomalies', 'what was found unusual', 'auspex anomalies --status open')
    .argument('[id]', 'one finding with its evidence')
    .addOption(new Option('--status <status>', 'open or ended').choices(['open', 'ended']))
    .addOption(host())
    .option('--limit <n>', 'how many', positive, 20)
    .option('--csv <file>', 'score the rows of a file instead; no server is needed')
    .option('--train <file>', 'with --csv: its normal past')
    .option('--time <column>', 'with --csv: the column that holds the times; found by itself unless given')
    .addOption(new Option('--season <season>', 'with --csv: seasons are found').choices(['auto']))
    .option('--out <file>', 'with --csv: where a score for each row goes')
    .action(
      act(
        async (
          output,
          id: string | undefined,
          options: { status?: 'open' | 'ended'; host?: string; limit: number } & Partial<AnomaliesFileOptions>,
        ) => {
          if (options.csv !== undefined)
            return (await import('../commands/anomalies-file.ts')).anomaliesOfFile(output, {
              ...options,
              csv: options.csv,
            });
          const { listAnomalies, showAnomaly } = await import('../commands/now.ts');
          return id === undefined
            ? listAnomalies(connect(globals()), output, options)
            : showAnomaly(connect(globals()), output, id);
        },
      ),
    );
  const verdicts = [
    ['confirm', 'confirmed', 'it was worth telling'],
    ['normal', 'normal', 'this is how it should be here: learn it'],
    ['dismiss', 'dismissed', 'it was not worth telling'],
  ] as const;
  for (const [name, verdict, description] of verdicts) {
    anomalies
      .command(`${name} <id>`)
      .description(description)
      .exitOverride()
      .action(
        act(async (output, id: string) =>
          (await import('../commands/now.ts')).judgeAnomaly(connect(globals()), output, id, verdict),
        ),
      );
  }
  command('performance', 'performance score: the health expected in 15 minutes, and why', 'auspex performance web-1')
    .argument('[host]')
    .action(
      act(async (output, name: string | undefined) =>
        (await import('../commands/now.ts')).performance(connect(globals()), output, name),
      ),
    );
  command('patterns', 'how the main metrics behave: stable, trending, volatile, periodic', 'auspex patterns --days 1')
    .argument('[host]')
    .option('--days <n>', 'how far back', positive, 7)
    .action(
      act(async (output, name: string | undefined, options: { days: number }) =>
        (await import('../commands/now.ts')).patterns(connect(globals()), output, name, options.days),
      ),
    );
  command('analytics', 'counts and rates of the last week', 'auspex analytics').action(
    act(async (output) => (await import('../commands/now.ts')).analytics(connect(globals()), output)),
  );
  command(
    'dashboard',
    'the live view in this terminal; --link prints a sign-in link for the browser',
    'auspex dashboard --refresh-interval 2',
  )
    .option('--refresh-interval <seconds>', 'how often it is read', positive, 2)
    .option('--link', 'print a one-time sign-in link for the browser instead')
    .action(
      act(async (output, options: { refreshInterval: number; link?: boolean }) => {
        if (options.link === true) return (await import('../commands/lifecycle.ts')).link(output, connect(globals()));
        return (await import('../commands/terminal-dashboard.tsx')).terminalDashboard(connect(globals()), {
          refreshMs: options.refreshInterval * 1000,
        });
      }),
    );
}

export function addServices({ command, act, globals }: Making): void {
  const load = () => import('../commands/services.ts');
  const services = command(
    'services',
    'services with their health, worst first; one with what drags it down; exit 1 when one is not well',
    'auspex services shop',
  )
    .argument('[name]', 'a service’s name or id')
    .action(
      act(async (output, name: string | undefined) => {
        const client = connect(globals());
        const { listServices, showService } = await load();
        return name === undefined ? listServices(client, output) : showService(client, output, name);
      }),
    );
  services
    .command('remove <name>')
    .description('take one away, with its calls and corrections; its history stays, and what is seen again comes back')
    .exitOverride()
    .action(act(async (output, name: string) => (await load()).removeService(connect(globals()), output, name)));
}
