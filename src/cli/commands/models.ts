import { readFile } from 'node:fs/promises';
import type { Client } from '../../api/client.ts';
import { AuspexError } from '../../errors.ts';
import { formatBytes, formatDuration, formatNumber, formatValue } from '../../model/index.ts';
import { fileFailed } from '../files/lines.ts';
import { exitCodes, formatTime, type Output, paint, sparkline, table } from '../output.ts';
import { chosen, confidenceText } from './now.ts';

type Horizon = '15m' | '1h' | '24h' | '48h' | '7d' | '30d';

/** `auspex forecast [component] [--days 7]`. */
export async function forecast(
  client: Client,
  output: Output,
  component: string | undefined,
  options: { host?: string; days: number },
): Promise<number> {
  const horizon = horizonOf(options.days);
  const hosts = await chosen(client, options.host);
  const answers = (
    await Promise.all(
      hosts.map((h) => client.call('forecasts', { query: { entity: h.id, horizon, ...(component && { component }) } })),
    )
  ).flatMap((a) => a.items);
  output.data(answers, () => {
    if (answers.length === 0) output.print('No forecast yet: it needs about 30 minutes of history.');
    for (const f of answers) {
      output.print(
        `${paint(output, 'strong', `${f.entityName} ${f.component}`)}  ${sparkline(f.history.values, 24)}${paint(
          output,
          'quiet',
          sparkline(
            f.points.map((p) => p.mean),
            16,
          ),
        )}`,
      );
      const last = f.points.at(-1);
      if (f.learning !== null || last === undefined) output.print(`  ${f.learning ?? 'Not enough history yet.'}`);
      else
        output.print(
          `  in ${formatDuration(f.horizonSeconds * 1000)}: ${formatValue(last.mean, f.unit)} (${formatValue(last.lower, f.unit)}–${formatValue(last.upper, f.unit)}), by ${f.model}, confidence ${confidenceText(f.confidence)}`,
        );
      if (f.exhaustion !== null) output.print(`  ${f.exhaustion.sentence}`);
    }
  });
  return exitCodes.fine;
}

export async function train(
  client: Client,
  output: Output,
  model: string | undefined,
  options: { host?: string; force: boolean },
): Promise<number> {
  const names = model === undefined ? ['host-anomaly', 'performance'] : [model];
  const results = (
    await Promise.all(
      names.map((name) =>
        client.call('trainModel', {
          params: { name },
          body: { force: options.force, ...(options.host && { entity: options.host }) },
        }),
      ),
    )
  ).flatMap((a) => a.items);
  output.data(results, () =>
    output.print(
      table(
        ['MODEL', 'HOST', 'TRAINED', 'WHY'],
        results.map((r) => [r.name, r.entityId, r.trained ? `version ${r.model?.version ?? '?'}` : 'no', r.reason]),
      ),
    ),
  );
  return results.every((r) => r.trained) ? exitCodes.fine : exitCodes.findings;
}

export async function listModels(client: Client, output: Output): Promise<number> {
  const models = await client.call('models', {});
  output.data(models.items, () => {
    if (models.items.length === 0)
      output.print(
        'No model yet. The first are trained after about 20 minutes of data, or now by `auspex train --force`.',
      );
    else
      output.print(
        table(
          ['MODEL', 'HOST', 'VERSION', 'TRAINED', 'SIZE', 'HEALTH', 'WHY'],
          models.items.map((m) => [
            m.name,
            m.entityName,
            String(m.version),
            formatTime(m.trainedAt),
            formatBytes(m.sizeBytes),
            m.health,
            m.healthReason,
          ]),
        ),
      );
  });
  return exitCodes.fine;
}

export async function showModel(
  client: Client,
  output: Output,
  name: string,
  host: string | undefined,
): Promise<number> {
  const versions = await client.call('model', { params: { name }, query: host === undefined ? {} : { entity: host } });
  output.data(versions.items, () => {
    for (const m of versions.items) {
      output.print(
        `${paint(output, 'strong', `${m.name} version ${m.version}`)} of ${m.entityName}: ${m.status}, ${m.algorithm}, trained ${formatTime(m.trainedAt)} on ${formatNumber(m.sampleCount)} rows from ${formatTime(m.trainedFromAt)} in ${formatDuration(m.trainingMs)}`,
      );
      for (const [metric, value] of Object.entries(m.metrics)) output.print(`  ${metric} ${formatNumber(value)}`);
      if (m.fault !== null) output.print(`  ${paint(output, 'high', m.fault)}`);
    }
  });
  return exitCodes.fine;
}

/** `auspex models performance`: the ledger, model by model. */
export async function modelPerformance(client: Client, output: Output, host: string | undefined): Promise<number> {
  const ledger = await client.call('ledger', { query: host === undefined ? {} : { entity: host } });
  output.data(ledger.items, () => {
    if (ledger.items.length === 0) output.print('Nothing foretold yet.');
    else {
      const percent = (value: number | null): string => (value === null ? '–' : `${Math.round(value * 100)} %`);
      output.print(
        table(
          ['WHAT', 'MODEL', 'AHEAD', 'SCORED', 'HELD', 'STATED', 'OBSERVED', 'ERROR', 'NOTHING-CHANGES'],
          ledger.items.map((r) => [
            r.type,
            r.model,
            formatDuration(r.horizonSeconds * 1000),
            String(r.scored),
            String(r.held),
            percent(r.stated),
            percent(r.observed),
            r.meanAbsoluteError === null ? '–' : formatNumber(r.meanAbsoluteError),
            r.baselineMeanAbsoluteError === null ? '–' : formatNumber(r.baselineMeanAbsoluteError),
          ]),
        ),
      );
    }
  });
  return exitCodes.fine;
}

/** `auspex models predict NAME --features F.json`: a row of features, or a list of rows. */
export async function predictModel(
  client: Client,
  output: Output,
  name: string,
  options: { host?: string; features: string },
): Promise<number> {
  const rows = await featureRows(options.features);
  const answers = await client.call('predictModel', {
    params: { name },
    body: { rows, ...(options.host && { entity: options.host }) },
  });
  output.data(answers, () => {
    const { version, items, meaning } = answers;
    output.print(`${paint(output, 'strong', version === null ? name : `${name} version ${version}`)}: ${meaning}`);
    const number = (value: number | null): string => (value === null ? '–' : formatNumber(value));
    output.print(
      table(
        ['ROW', 'VALUE', 'FROM', 'TO', 'UNUSUAL'],
        items.map(({ value, lower, upper, isUnusual }, row) => [
          String(row),
          number(value),
          number(lower),
          number(upper),
          isUnusual === null ? '–' : isUnusual ? 'yes' : 'no',
        ]),
      ),
    );
  });
  return answers.items.some(({ isUnusual }) => isUnusual === true) ? exitCodes.findings : exitCodes.fine;
}

async function featureRows(path: string): Promise<Record<string, number | null>[]> {
  const invalid = (what: string): AuspexError => new AuspexError('FILE_INVALID', `${path}: ${what}.`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFailed(path, 'read', error);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const rows: readonly unknown[] = Array.isArray(json) ? json : [json];
  return rows.map((row, place) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw invalid(`row ${place} is no object of features and their numbers`);
    const wrong = Object.entries(row).find(([, value]) => value !== null && typeof value !== 'number');
    if (wrong !== undefined) throw invalid(`row ${place}: “${wrong[0]}” is no number`);
    return row as Record<string, number | null>;
  });
}

/** Lets an earlier version serve: the one named, or the one before the serving one. */
export async function promoteModel(
  client: Client,
  output: Output,
  name: string,
  options: { host?: string; version?: number },
): Promise<number> {
  const versions = (
    await client.call('model', { params: { name }, query: options.host === undefined ? {} : { entity: options.host } })
  ).items;
  const entities = new Set(versions.map((v) => v.entityId));
  if (entities.size > 1)
    throw new AuspexError('BAD_REQUEST', `${entities.size} hosts have a model ${name}. Say which with --host.`);
  const serving = versions.find((v) => v.status === 'serving')?.version ?? 0;
  const version =
    options.version ??
    Math.max(0, ...versions.filter((v) => v.status === 'previous' && v.version < serving).map((v) => v.version));
  const entity = [...entities][0];
  if (version === 0 || entity === undefined)
    throw new AuspexError('NOT_FOUND', `There is no earlier version of ${name} to go back to.`);
  const model = await client.call('promoteModel', { params: { name }, body: { entity, version } });
  output.data(model, () => output.print(`${name} version ${model.version} serves now; it was version ${serving}.`));
  return exitCodes.fine;
}

function horizonOf(days: number): Horizon {
  const table: readonly [number, Horizon][] = [
    [0.0105, '15m'],
    [0.042, '1h'],
    [1, '24h'],
    [2, '48h'],
    [7, '7d'],
    [Number.POSITIVE_INFINITY, '30d'],
  ];
  return table.find(([limit]) => days <= limit)?.[1] ?? '30d';
}
