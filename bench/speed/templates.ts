import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemplateTree } from '../../src/learners/index.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import { csvRows, publicData } from '../tables.ts';

const AIM = 500_000;
const LINES = 1_000_000;

/** Lines a second through the template tree, loghub's lines again and again with their numbers changed. */
export async function measure(_options: Options): Promise<Report> {
  const folder = publicData('loghub');
  const systems = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const figures = systems.map(({ name }) => {
    const [header = [], ...rows] = csvRows(readFileSync(join(folder, name, `${name}_2k.log_structured.csv`), 'utf8'));
    const content = rows.map((row) => row[header.indexOf('Content')] ?? '');
    const count = Math.ceil(LINES / systems.length);
    // Other digits each time round, so that no line comes twice as it is.
    const lines = Array.from({ length: count }, (_, i) => {
      const round = Math.floor(i / content.length);
      return (content[i % content.length] ?? '').replace(/\d{3,}/g, (digits) =>
        String(Number(digits.slice(-9)) + round),
      );
    });
    const tree = new TemplateTree();
    const started = performance.now();
    for (const line of lines) tree.learnOne(line);
    const seconds = (performance.now() - started) / 1000;
    const characters = lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
    return { system: name, lines: count, seconds, linesASecond: count / seconds, characters };
  });
  const total = figures.reduce((sum, one) => sum + one.lines, 0) / figures.reduce((sum, one) => sum + one.seconds, 0);
  return {
    columns: ['system', 'lines a second', 'characters a line'],
    rows: [...figures.map((one) => [one.system, one.linesASecond, one.characters]), ['all', total, null]],
    notes: ['One core; reading the file is not counted.'],
    figures: { total, figures },
    missed: total >= AIM ? [] : [`${Math.round(total)} lines a second, aim ${AIM}`],
  };
}
