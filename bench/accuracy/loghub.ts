import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupingAccuracy } from '../../src/evaluation/index.ts';
import { TemplateTree } from '../../src/learners/index.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import { csvRows, publicData } from '../tables.ts';

const AIM = 0.98;

/** Grouping accuracy of the template tree on loghub, one setting for all; `--list SYSTEM` names what was grouped wrongly in one. */
export async function measure(options: Options): Promise<Report> {
  const folder = publicData('loghub');
  const published = publicData('published/loghub2k_grouping_accuracy.csv');
  const table = new Map(csvRows(readFileSync(published, 'utf8')).map((row) => [row[0], row]));
  const systems = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const figures = systems.map(({ name }) => {
    const { lines, truth } = labelled(join(folder, name, `${name}_2k.log_structured.csv`));
    const tree = new TemplateTree();
    const asTheyCame = lines.map((line) => tree.learnOne(line));
    const resolved = asTheyCame.map((id) => tree.resolve(id));
    const [, drain, brain] = table.get(name) ?? [];
    return {
      system: name,
      atOnce: groupingAccuracy(asTheyCame, truth),
      resolved: groupingAccuracy(resolved, truth),
      templates: tree.templates().length,
      trueTemplates: new Set(truth).size,
      drain: Number(drain),
      brain: Number(brain),
    };
  });
  const listed = options.text('list', '');
  if (listed !== '') list(listed);
  const mean = (of: (one: (typeof figures)[number]) => number): number =>
    figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
  const resolved = mean((one) => one.resolved);
  return {
    columns: ['system', 'accuracy', 'as each line came', 'templates', 'true', 'Drain', 'Brain'],
    rows: [
      ...figures.map((one) => [
        one.system,
        one.resolved,
        one.atOnce,
        one.templates,
        one.trueTemplates,
        one.drain,
        one.brain,
      ]),
      ['mean', resolved, mean((one) => one.atOnce), null, null, mean((one) => one.drain), mean((one) => one.brain)],
    ],
    notes: [
      'One setting for all; Drain and Brain as published, with expressions and thresholds chosen for each system.',
      'accuracy: ids resolved after the last line. As each line came: ids as first given, which a later join may change.',
    ],
    figures,
    missed: resolved >= AIM ? [] : [`mean ${resolved.toFixed(4)}, aim ${AIM}`],
  };
}

function labelled(path: string): { lines: string[]; truth: string[] } {
  const [header = [], ...rows] = csvRows(readFileSync(path, 'utf8'));
  const content = header.indexOf('Content');
  const event = header.indexOf('EventId');
  return { lines: rows.map((row) => row[content] ?? ''), truth: rows.map((row) => row[event] ?? '') };
}

/** What was grouped wrongly in one system, for the eye. */
function list(name: string): void {
  const { lines, truth } = labelled(join(publicData('loghub'), name, `${name}_2k.log_structured.csv`));
  const tree = new TemplateTree();
  const ids = lines.map((line) => tree.learnOne(line)).map((id) => tree.resolve(id));
  const groups = new Map<number, Map<string, number>>();
  ids.forEach((id, i) => {
    const group = groups.get(id) ?? new Map<string, number>();
    group.set(truth[i] ?? '', (group.get(truth[i] ?? '') ?? 0) + 1);
    groups.set(id, group);
  });
  const totals = new Map<string, number>();
  for (const event of truth) totals.set(event, (totals.get(event) ?? 0) + 1);
  for (const [id, group] of groups) {
    if (group.size === 1 && [...group].every(([event, n]) => totals.get(event) === n)) continue;
    process.stdout.write(
      `${tree.text(id)}\n    ${[...group].map(([e, k]) => `${e}: ${k} of ${totals.get(e)}`).join(', ')}\n`,
    );
  }
}
