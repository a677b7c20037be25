import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Cause } from '../../src/decide/root-cause.ts';
import type { Options } from '../options.ts';
import type { Cell, Report } from '../report.ts';
import { csvRows, publicData } from '../tables.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const HEADER_ROWS = 4;
/** Hit rates at one and at three. */
const AIMS: Readonly<Record<string, readonly [number, number]>> = {
  'petshop latency': [0.75, 0.9],
  'petshop availability': [0.85, 1],
  'rcd-sockshop': [0.9, 0.98],
};
const PUBLISHED: Readonly<Record<string, string>> = {
  'petshop latency': '.571 / .571 (the authors’ traversal)',
  'petshop availability': '.833 / 1.0 (the authors’ traversal)',
  'rcd-sockshop': '.80 / .95 (largest deviation over the interquartile range)',
};

/** Rank of the true culprit by `auspex rootcause`, the command itself on files: PetShop with low traffic (with its call graph and without), Sock Shop without. */
export async function measure(_options: Options): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-causes-'));
  try {
    const ranks = new Map<string, number[]>();
    const note = (name: string, rank: number): void => void ranks.set(name, [...(ranks.get(name) ?? []), rank]);
    petShop(folder, note);
    sockShop(folder, note);
    const figures: Record<string, unknown> = {};
    const missed: string[] = [];
    const rows = [...ranks].map(([name, all]): Cell[] => {
      const hit = (k: number): number => all.filter((rank) => rank <= k).length / all.length;
      figures[name] = { incidents: all.length, hitAt1: hit(1), hitAt3: hit(3), ranks: all };
      const aim = AIMS[name];
      if (aim !== undefined && (hit(1) < aim[0] || hit(3) < aim[1]))
        missed.push(`${name}: ${hit(1).toFixed(3)} / ${hit(3).toFixed(3)}, aim ${aim.join(' / ')}`);
      return [name, all.length, hit(1), hit(3), PUBLISHED[name] ?? ''];
    });
    return {
      columns: ['set', 'incidents', 'hit at 1', 'hit at 3', 'published, at 1 / at 3'],
      rows,
      notes: [
        'The target is named without the figure that shows the trouble. The quiet days of PetShop are put before each incident.',
      ],
      figures,
      missed,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function petShop(folder: string, note: (name: string, rank: number) => void): void {
  const set = join(publicData('petshop'), 'low_traffic');
  const quiet = rowsOf(join(set, 'noissue', 'metrics.csv.gz'));
  const [head = [], ...matrix] = rowsOf(join(set, 'graph.csv'));
  const calls = matrix.flatMap(([from = '', ...cells]) =>
    cells.flatMap((cell, j) => (Number(cell) > 0 ? [`${quoted(from)},${quoted(head[j + 1] ?? '')}`] : [])),
  );
  const graph = join(folder, 'graph.csv');
  writeFileSync(graph, ['from,to', ...calls].join('\n'));
  const column = (table: string[][], j: number): string => `${table[0]?.[j]}|${table[1]?.[j]}_${table[2]?.[j]}`;
  const places = new Map(quiet[0]?.map((_, j) => [column(quiet, j), j]));
  const past = quiet.slice(HEADER_ROWS);
  for (const part of ['train', 'test']) {
    for (const name of readdirSync(join(set, part)).sort()) {
      const truth = JSON.parse(readFileSync(join(set, part, name, 'target.json'), 'utf8')) as {
        readonly target: { readonly node: string; readonly metric: string; readonly timestamp: number };
        readonly root_cause: { readonly node: string };
      };
      const table = rowsOf(join(set, part, name, 'metrics.csv'));
      const columns = (table[0] ?? []).map((_, j) => j).slice(1);
      const own = table.slice(HEADER_ROWS);
      const first = Number(own[0]?.[0]);
      const lines = [
        ['time', ...columns.map((j) => quoted(column(table, j)))],
        ...past.map((row, i) => [
          first - 300 * (past.length - i),
          ...columns.map((j) => row[places.get(column(table, j)) ?? -1] ?? ''),
        ]),
        ...own.map((row) => [row[0], ...columns.map((j) => row[j])]),
      ];
      const metrics = join(folder, 'metrics.csv');
      writeFileSync(metrics, lines.map((line) => line.join(',')).join('\n'));
      const rank = (...more: string[]): number =>
        rankOf(truth.root_cause.node, metrics, truth.target.node, String(truth.target.timestamp), ...more);
      note(`petshop ${truth.target.metric}`, rank('--graph', graph));
      note(`petshop ${truth.target.metric}, no graph`, rank());
    }
  }
}

function sockShop(folder: string, note: (name: string, rank: number) => void): void {
  const set = publicData('rcd-sockshop');
  for (const fault of readdirSync(set).filter((name) => /-(cpu|mem)$/.test(name))) {
    for (const run of readdirSync(join(set, fault))) {
      const [head = [], ...normal] = rowsOf(join(set, fault, run, 'normal.csv.gz'));
      const [, ...anomalous] = rowsOf(join(set, fault, run, 'anomalous.csv.gz'));
      const metrics = join(folder, 'metrics.csv');
      const named = head.map((name, j) => (j === 0 ? 'time' : name.replace('_', '|')));
      writeFileSync(metrics, [named, ...normal, ...anomalous].map((line) => line.join(',')).join('\n'));
      const at = anomalous[0]?.[0] ?? '';
      note('rcd-sockshop', rankOf(fault.replace(/-(cpu|mem)$/, ''), metrics, 'front-end', at));
    }
  }
}

function rankOf(culprit: string, metrics: string, target: string, at: string, ...more: string[]): number {
  const words = [MAIN, 'rootcause', '--json', '--metrics', metrics, '--target', target, '--at', at, ...more];
  const answer = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const { causes } = JSON.parse(answer) as { readonly causes: readonly Cause[] };
  const at1 = causes.findIndex(({ service }) => service === culprit);
  return at1 < 0 ? causes.length + 1 : at1 + 1;
}

function rowsOf(path: string): string[][] {
  const bytes = readFileSync(path);
  return csvRows((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
