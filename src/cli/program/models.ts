import type { Command } from 'commander';
import type { ForecastFileOptions } from '../commands/forecast-file.ts';
import { connect } from '../connect.ts';
import { host, type HostOption, type Making, positive, steps } from './making.ts';

export function addModels({ command, act, globals }: Making): void {
  command('predict', 'what will go wrong; exit 1 when something is foreseen', 'auspex predict --hours 48')
    .option('--hours <n>', 'how far ahead', positive, 24)
    .addOption(host())
    .action(
      act(async (output, options: { hours: number } & HostOption) =>
        (await import('../commands/predict.ts')).predict(connect(globals()), output, options),
      ),
    );
  command('forecast', 'what the main metrics will do', 'auspex forecast disk --days 7')
    .argument('[component]', 'one metric, as listed without')
    .option('--days <n>', 'how far ahead', positive, 7)
    .addOption(host())
    .option('--csv <file>', 'forecast the series of a file instead; no server is needed')
    .option('--horizon <steps>', 'with --csv: how far ahead', steps)
    .option('--season <steps>', 'with --csv: steps of a season; found by itself unless given', steps)
    .option('--out <file>', 'with --csv: where the forecasts go')
    .action(
      act(
        async (
          output,
          component: string | undefined,
          options: { days: number } & HostOption & Partial<ForecastFileOptions>,
        ) =>
          options.csv === undefined
            ? (await import('../commands/models.ts')).forecast(connect(globals()), output, component, options)
            : (await import('../commands/forecast-file.ts')).forecastOfFile(output, { ...options, csv: options.csv }),
      ),
    );
  command('train', 'train a model now, or all', 'auspex train performance --force')
    .argument('[model]')
    .option('--force', 'also where data is short or the model is fresh', false)
    .addOption(host())
    .action(
      act(async (output, model: string | undefined, options: { force: boolean } & HostOption) =>
        (await import('../commands/models.ts')).train(connect(globals()), output, model, options),
      ),
    );
  const models = command(
    'models',
    'the models that serve, and how often they were right',
    'auspex models performance',
  ).action(act(async (output) => (await import('../commands/models.ts')).listModels(connect(globals()), output)));
  const sub = (name: string, description: string): Command =>
    models.command(name).description(description).addOption(host()).exitOverride();
  sub('list', 'the models that serve').action(
    act(async (output) => (await import('../commands/models.ts')).listModels(connect(globals()), output)),
  );
  sub('show <name>', 'all versions of a model').action(
    act(async (output, name: string, options: HostOption) =>
      (await import('../commands/models.ts')).showModel(connect(globals()), output, name, options.host),
    ),
  );
  sub('performance', 'the ledger: how often each model was right').action(
    act(async (output, options: HostOption) =>
      (await import('../commands/models.ts')).modelPerformance(connect(globals()), output, options.host),
    ),
  );
  sub('predict <name>', 'what a model says of the features in a file; exit 1 where a row is unusual')
    .requiredOption('--features <file>', 'JSON: an object of features and their numbers, or a list of such')
    .action(
      act(async (output, name: string, options: HostOption & { features: string }) =>
        (await import('../commands/models.ts')).predictModel(connect(globals()), output, name, options),
      ),
    );
  sub('promote <name> <version>', 'let this version serve').action(
    act(async (output, name: string, version: string, options: HostOption) =>
      (await import('../commands/models.ts')).promoteModel(connect(globals()), output, name, {
        ...options,
        version: positive(version),
      }),
    ),
  );
  sub('rollback <name>', 'let the version before serve again').action(
    act(async (output, name: string, options: HostOption) =>
      (await import('../commands/models.ts')).promoteModel(connect(globals()), output, name, options),
    ),
  );
}
